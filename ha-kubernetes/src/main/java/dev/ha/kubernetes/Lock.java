package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.RecordText;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A Lease as it was at one resourceVersion, whoever wrote it: every field of it may be missing. */
final class Lock {
    static final String CLUSTER = Names.PREFIX + "cluster";
    static final String ELECTION = Names.PREFIX + "election";
    static final String HISTORY = Names.PREFIX + "history";
    static final String RECORD = Names.PREFIX + "record";
    static final String RENEWAL = Names.PREFIX + "renewal";
    static final String STORE = Names.PREFIX + "store";

    private final Lease lease;
    private final LeaseSpec spec;
    private final Map<String, String> annotations;
    private final long version;
    private final RecordText record;

    private Lock(Lease lease, long version) {
        this.lease = lease;
        this.spec = lease.getSpec() == null ? new LeaseSpec() : lease.getSpec();
        Map<String, String> found = lease.getMetadata().getAnnotations();
        this.annotations = found == null ? Map.of() : found;
        this.version = version;
        this.record = RecordText.parse(text(RECORD).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * What {@code lease} says.
     *
     * @throws UnavailableException if its resourceVersion is not a number, by which tokens could be counted (SAFETY K3)
     */
    static Lock of(Lease lease) {
        return new Lock(lease, version(lease.getMetadata().getResourceVersion()));
    }

    /** {@code text} as a number. */
    static long version(@Nullable String text) {
        try {
            return Long.parseLong(text == null ? "" : text);
        } catch (NumberFormatException opaque) {
            throw new UnavailableException(
                    "the resourceVersion '" + text
                            + "' is not a number: this API server keeps its data where no token can be counted",
                    Reason.CONNECTION_LOST,
                    opaque);
        }
    }

    private String text(String annotation) {
        String text = annotations.get(annotation);
        return text == null ? "" : text;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException notOurs) {
            return 0;
        }
    }

    Lease lease() {
        return lease;
    }

    ObjectMeta metadata() {
        return lease.getMetadata();
    }

    LeaseSpec spec() {
        return spec;
    }

    String uid() {
        return metadata().getUid();
    }

    /** The larger one of two is the later; also of two objects of one name. */
    long version() {
        return version;
    }

    /** Whether the watch of {@code label} sees it. */
    boolean hasLabel(String label) {
        Map<String, String> labels = metadata().getLabels();
        return labels != null && label.equals(labels.get(CLUSTER));
    }

    /** Empty when nobody holds it. */
    String holder() {
        String holder = spec.getHolderIdentity();
        return holder == null ? "" : holder;
    }

    boolean isHeld() {
        return !holder().isEmpty();
    }

    /** Whether {@link #record} is that of the holder: one of this library, and not that of a predecessor of another kind. */
    boolean isOfRecord() {
        return !record.candidate().isEmpty() && holder().endsWith("_" + record.candidate());
    }

    RecordText record() {
        return record;
    }

    /** Counts the writes of one candidacy. */
    long renewal() {
        return number(text(RENEWAL));
    }

    /** Dies with the Lease. */
    String history() {
        String history = text(HISTORY);
        return history.isBlank() ? "uid-" + uid() : history;
    }

    /** Whether the election has a root of entries; empty if it says nothing of that. */
    Optional<Boolean> store() {
        return switch (text(STORE)) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    /** How long its holder may be silent: what is written in it, never what we would write (SAFETY K1). */
    Duration duration(Duration otherwise) {
        Integer seconds = spec.getLeaseDurationSeconds();
        return seconds == null || seconds <= 0 ? otherwise : Duration.ofSeconds(seconds);
    }

    /** What a holder changes when it renews, and nobody else: of one that is not of this library all that it writes (SAFETY K1). */
    List<@Nullable Object> sign() {
        return isOfRecord()
                ? List.of(uid(), holder(), record.token(), renewal())
                : Arrays.asList(
                        uid(), holder(), spec.getRenewTime(), spec.getAcquireTime(), spec.getLeaseTransitions());
    }

    @Override
    public String toString() {
        return metadata().getName() + "@" + version + (isHeld() ? " held by " + holder() : " free");
    }
}
