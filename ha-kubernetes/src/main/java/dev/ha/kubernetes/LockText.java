package dev.ha.kubernetes;

import dev.ha.spi.LeaderRecord;
import dev.ha.spi.RecordText;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What one candidacy writes into the Lease of its election; what others have written beside it stays. */
final class LockText {
    private final String object;
    private final String cluster;
    private final String election;
    private final String candidate;
    private final String identity;
    private final Duration lease;

    /** {@code candidate} is the nonce of the candidacy (SAFETY K6). */
    LockText(String cluster, String election, String process, String candidate, Duration lease) {
        this.object = Names.object(cluster, election);
        this.cluster = cluster;
        this.election = election;
        this.candidate = candidate;
        this.identity = process + "_" + candidate;
        this.lease = lease;
    }

    /** Loads what is needed for the first time when a lock is taken over or given up, which would cost a large part of a second then. */
    static void load(KubernetesSerialization json) {
        LockText text = new LockText("cluster", "election", "process", "candidate", Duration.ofSeconds(1));
        Term term = new Term("history", 1, false);
        Lease empty = text.fresh();
        empty.getMetadata().setUid("uid");
        empty.getMetadata().setResourceVersion("1");
        Lock free = Lock.of(json.unmarshal(json.asJson(empty), Lease.class));
        Lease taken = text.taken(free, Instant.EPOCH, term, 1);
        Lock held = Lock.of(json.unmarshal(json.asJson(taken), Lease.class));
        String unused = json.asJson(text.released(held, Instant.EPOCH, term, 2));
    }

    String identity() {
        return identity;
    }

    String candidate() {
        return candidate;
    }

    /** Of an election of which there is nothing: without a holder, as only a PUT replaces a resourceVersion (SAFETY K3). */
    Lease fresh() {
        ObjectMeta metadata = new ObjectMetaBuilder().withName(object).build();
        mark(metadata, Map.of(Lock.HISTORY, UUID.randomUUID().toString()));
        return new LeaseBuilder()
                .withMetadata(metadata)
                .withSpec(new LeaseSpec())
                .build();
    }

    /** Taken from whoever had {@code base}. */
    Lease taken(Lock base, Instant now, Term term, long renewal) {
        LeaseSpec spec = new LeaseSpecBuilder(base.spec())
                .withHolderIdentity(identity)
                .withAcquireTime(time(now))
                .withLeaseTransitions(transitions(base))
                .build();
        return held(base, spec, now, term, renewal, Map.of());
    }

    /** Changes of its holder, for those who look. */
    private static int transitions(Lock base) {
        Integer before = base.spec().getLeaseTransitions();
        boolean first = base.spec().getAcquireTime() == null && !base.isHeld();
        int known = before == null || before < 0 ? 0 : before;
        return first ? known : known + 1;
    }

    /** Kept; also what somebody else has changed in it is as it was. */
    Lease renewed(Lock base, Instant now, Term term, long renewal, Map<String, LeaderRecord> records) {
        LeaseSpec spec =
                new LeaseSpecBuilder(base.spec()).withHolderIdentity(identity).build();
        return held(base, spec, now, term, renewal, records);
    }

    private Lease held(
            Lock base, LeaseSpec spec, Instant now, Term term, long renewal, Map<String, LeaderRecord> records) {
        spec.setLeaseDurationSeconds(Math.toIntExact(lease.toSeconds()));
        spec.setRenewTime(time(now));
        return with(base, spec, RecordText.published(candidate, term.token(), records), term, renewal);
    }

    /** How many bytes all annotations would have, as Kubernetes counts them. */
    int size(Lock base, Term term, Map<String, LeaderRecord> records) {
        return renewed(base, Instant.EPOCH, term, Long.MAX_VALUE, records)
                .getMetadata()
                .getAnnotations()
                .entrySet()
                .stream()
                .mapToInt(each -> bytes(each.getKey()) + bytes(each.getValue()))
                .sum();
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Given up: whoever wants it need not wait. */
    Lease released(Lock base, Instant now, Term term, long renewal) {
        LeaseSpec spec = new LeaseSpecBuilder(base.spec())
                .withHolderIdentity(null)
                .withRenewTime(time(now))
                .build();
        return with(base, spec, RecordText.released(candidate, term.token()), term, renewal);
    }

    /** The same under another resourceVersion, so that nothing that was bound to the present one can arrive any more (SAFETY C1). */
    Lease touched(Lock base) {
        ObjectMeta metadata = bound(base);
        Map<String, String> annotations = copy(metadata.getAnnotations());
        annotations.put(Names.PREFIX + "touched", candidate + "@" + base.version());
        metadata.setAnnotations(annotations);
        return new LeaseBuilder(base.lease()).withMetadata(metadata).build();
    }

    private Lease with(Lock base, LeaseSpec spec, RecordText record, Term term, long renewal) {
        ObjectMeta metadata = bound(base);
        mark(
                metadata,
                Map.of(
                        Lock.HISTORY, term.history(),
                        Lock.RECORD, text(record),
                        Lock.RENEWAL, Long.toString(renewal),
                        Lock.STORE, Boolean.toString(term.store())));
        return new LeaseBuilder(base.lease())
                .withMetadata(metadata)
                .withSpec(spec)
                .build();
    }

    /** With uid and resourceVersion of {@code base} (SAFETY K2). The server keeps the managed fields by itself. */
    private static ObjectMeta bound(Lock base) {
        return new ObjectMetaBuilder(base.metadata()).withManagedFields().build();
    }

    private void mark(ObjectMeta metadata, Map<String, String> ours) {
        Map<String, String> labels = copy(metadata.getLabels());
        labels.put(Lock.CLUSTER, Names.label(cluster));
        metadata.setLabels(labels);
        Map<String, String> annotations = copy(metadata.getAnnotations());
        annotations.put(Lock.CLUSTER, cluster);
        annotations.put(Lock.ELECTION, election);
        annotations.putAll(ours);
        metadata.setAnnotations(annotations);
    }

    private static Map<String, String> copy(@Nullable Map<String, String> map) {
        return map == null ? new HashMap<>() : new HashMap<>(map);
    }

    private static String text(RecordText record) {
        return new String(record.toBytes(), StandardCharsets.UTF_8);
    }

    private static ZonedDateTime time(Instant now) {
        return now.truncatedTo(ChronoUnit.MICROS).atZone(ZoneOffset.UTC);
    }
}
