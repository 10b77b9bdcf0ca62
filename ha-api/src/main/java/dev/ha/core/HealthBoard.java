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

    private final Set<LeaseDeadline> leases = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Outage outage;
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
        return news;
    }

    boolean isDisconnected() {
        return outage != null;
    }

    void lease(LeaseDeadline lease) {
        leases.add(lease);
        lease.join((reason, cause) -> leases.remove(lease));
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

    /** {@code late} is what is to be said of leases that are not renewed in time, if any. */
    Health health(@Nullable String late) {
        Outage trouble = outage;
        if (closed) {
            return new Health(Status.DOWN, "closed");
        }
        if (trouble != null) {
            boolean leaseLeft = leases.stream().anyMatch(LeaseDeadline::isValid);
            boolean down = trouble.reason == Reason.ACCESS_DENIED || !leaseLeft;
            return new Health(down ? Status.DOWN : Status.DEGRADED, trouble.reason + ": " + trouble.cause.getMessage());
        }
        if (late != null) {
            return new Health(Status.DEGRADED, late);
        }
        String detail = historyReset != null ? historyReset : overrun;
        return detail == null ? new Health(Status.UP, "connected") : new Health(Status.DEGRADED, detail);
    }
}
