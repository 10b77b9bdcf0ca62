package dev.ha.core;

import dev.ha.Health;
import dev.ha.Health.Status;
import dev.ha.Reason;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What is wrong, if anything. */
final class HealthBoard {
    private record Outage(Reason reason, Throwable cause) {}

    private record RanOut(String detail, long until) {}

    private final Set<LeaseDeadline> leases = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Outage outage;
    private volatile @Nullable RanOut ranOut;
    private volatile @Nullable String overrun;
    private volatile @Nullable String historyReset;
    private volatile boolean closed;

    /** True if this is news: no outage was known, or one of another kind. */
    boolean disconnected(Reason reason, Throwable cause) {
        Outage former = outage;
        outage = new Outage(reason, cause);
        return former == null || former.reason != reason;
    }

    /** True if an outage is over by this. */
    boolean connected() {
        boolean news = outage != null;
        outage = null;
        ranOut = null;
        return news;
    }

    boolean isDisconnected() {
        return outage != null;
    }

    void lease(LeaseDeadline lease) {
        ranOut = null;
        leases.add(lease);
        lease.join((reason, cause) -> leases.remove(lease));
    }

    /**
     * A leadership ended as its lease was not renewed. That is an outage that the backend has not noticed yet, and does within a lease (rule 5.2); so it counts
     * until {@code until}, unless there is a sign of life before.
     */
    void ranOut(String election, long until) {
        ranOut = new RanOut(ranOut(election), until);
    }

    static String ranOut(String election) {
        return "the lease of election " + election + " ran out, as no renewal was answered in time";
    }

    void overrun(String detail) {
        overrun = detail;
    }

    void historyReset(String detail) {
        historyReset = detail;
    }

    void closed() {
        closed = true;
    }

    /** {@code ofLeases} is what is to be said of the leases on which this process leads, if anything. */
    Health health(long now, @Nullable Health ofLeases) {
        Outage trouble = outage;
        RanOut over = ranOut;
        if (closed) {
            return new Health(Status.DOWN, "closed");
        }
        if (trouble != null) {
            boolean leaseLeft = leases.stream().anyMatch(LeaseDeadline::isValid);
            boolean down = trouble.reason == Reason.ACCESS_DENIED || !leaseLeft;
            return new Health(down ? Status.DOWN : Status.DEGRADED, trouble.reason + ": " + trouble.cause.getMessage());
        }
        if (over != null && now < over.until) {
            return new Health(Status.DOWN, over.detail);
        }
        if (ofLeases != null) {
            return ofLeases;
        }
        String detail = historyReset != null ? historyReset : overrun;
        return detail == null ? new Health(Status.UP, "connected") : new Health(Status.DEGRADED, detail);
    }
}
