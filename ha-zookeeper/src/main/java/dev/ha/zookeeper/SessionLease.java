package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Lease;
import dev.ha.spi.Moment;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What may be believed of the life of a session that was created: its evidence, and the one lease of all grants on it. Guarded by the lock of its session. */
final class SessionLease {
    /** A third of the timeout is the margin: the leader hears of a session up to a quarter of it late, the rest is for clocks. */
    private static final int MARGIN = 3;

    private final BackendContext context;
    private final Duration timeout;
    private final Evidence evidence;
    private @Nullable Lease lease;

    /** {@code timeout} is the negotiated one, {@code created} when the attempt to create the session began. */
    SessionLease(BackendContext context, Duration timeout, Moment created) {
        this.context = context;
        this.timeout = timeout;
        this.evidence = new Evidence(timeout, created);
    }

    /** The lease for a grant, at least a sixth of the timeout long; null if no evidence is that young. */
    @Nullable
    Lease forGrant() {
        Lease present = lease;
        if (present != null && present.isValid()) {
            return present;
        }
        long proven = proven();
        if (context.nanoTime() - proven >= timeout.toNanos() / 2) {
            return null;
        }
        present = context.lease(timeout, timeout.dividedBy(MARGIN), proven);
        lease = present;
        return present;
    }

    private long proven() {
        return evidence.proven().nanoTimeSeenFrom(Moment.now(context));
    }

    /** A write sent at {@code sent} was committed; what to renew the lease with, if more is proven by it. */
    OptionalLong acknowledged(Moment sent) {
        return evidence.acknowledged(sent) ? OptionalLong.of(proven()) : OptionalLong.empty();
    }

    /** The one in use, if any. */
    @Nullable
    Lease current() {
        return lease;
    }

    /** Takes it out of use: the next grant gets another one. */
    @Nullable
    Lease drop() {
        Lease over = lease;
        lease = null;
        return over;
    }
}
