package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.ElectionText;
import dev.ha.spi.RecordText;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KeyValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One election as it was at one revision. Immutable. */
final class View {
    private final ElectionKeys keys;
    private final long revision;
    private final long recordRevision;
    private final Map<ByteString, KeyValue> content;
    private final @Nullable KeyValue holder;

    private View(ElectionKeys keys, long revision, long recordRevision, Map<ByteString, KeyValue> content) {
        this.keys = keys;
        this.revision = revision;
        this.recordRevision = recordRevision;
        this.content = content;
        KeyValue first = null;
        for (KeyValue found : content.values()) {
            if (keys.isCandidate(found.getKey())
                    && (first == null || found.getCreateRevision() < first.getCreateRevision())) {
                first = found;
            }
        }
        this.holder = first;
    }

    /** As it was read at {@code revision}. */
    static View read(ElectionKeys keys, long revision, List<KeyValue> found) {
        Map<ByteString, KeyValue> content = new HashMap<>();
        found.forEach(each -> content.put(each.getKey(), each));
        KeyValue record = content.get(keys.record());
        return new View(keys, revision, record == null ? revision : record.getModRevision(), content);
    }

    /** This, after {@code events}; those that it knows already are skipped. */
    View after(List<Event> events) {
        Map<ByteString, KeyValue> changed = new HashMap<>(content);
        long latest = revision;
        long record = recordRevision;
        for (Event event : events) {
            KeyValue now = event.getKv();
            if (now.getModRevision() > revision) {
                latest = Math.max(latest, now.getModRevision());
                if (now.getKey().equals(keys.record())) {
                    record = now.getModRevision();
                }
                if (event.getType() == Event.EventType.DELETE) {
                    changed.remove(now.getKey());
                } else {
                    changed.put(now.getKey(), now);
                }
            }
        }
        return latest == revision ? this : new View(keys, latest, record, changed);
    }

    long revision() {
        return revision;
    }

    /** Whether it shows the same, whenever. */
    boolean isSameAs(View other) {
        return content.equals(other.content);
    }

    boolean isEmpty() {
        return content.isEmpty();
    }

    @Nullable
    KeyValue get(ByteString key) {
        return content.get(key);
    }

    /** The first in the queue. */
    @Nullable
    KeyValue holder() {
        return holder;
    }

    /** All candidates on {@code lease}. */
    List<KeyValue> candidatesOn(long lease) {
        return content.values().stream()
                .filter(each -> each.getLease() == lease && keys.isCandidate(each.getKey()))
                .toList();
    }

    /** Empty where there is no root. */
    String history() {
        KeyValue root = content.get(keys.root());
        return root == null
                ? ""
                : ElectionText.history(root.getValue().toByteArray(), "revision-" + root.getCreateRevision());
    }

    /** When the records were last written or removed; if they are not there, at the latest. What was written and removed at once is not overlooked so (rule 4.4). */
    long recordRevision() {
        return recordRevision;
    }

    RecordText record() {
        KeyValue record = content.get(keys.record());
        return record == null
                ? RecordText.NOTHING
                : RecordText.parse(record.getValue().toByteArray());
    }
}
