package dev.ha;

import java.util.Optional;

/**
 * My seat in an election: one contender for one component of it. Thread-safe. Implemented by the library only; may gain
 * methods.
 */
public interface LeaderElection extends AutoCloseable {
    /**
     * Contends from now on, through every loss and outage, until closed. Returns at once and connects in the background
     * (rules 2.1, 2.6).
     *
     * @throws IllegalStateException on a second start, after close, or if these services have a started seat for
     *     the component already; what is there stays as it is (rule 7.5)
     */
    void start(LeaderContender contender);

    /**
     * The valid leadership of this seat, if it has one, for schedulers and health probes that ask instead of being
     * told. Local, no lock; empty after close.
     */
    Optional<Leadership> leadership();

    /**
     * Leaves: the handle turns invalid, the contender is revoked and waited for, its address is withdrawn, and the lock
     * is released if this was its last seat (rule 3.7). The contender has as long to stop as the handle was still
     * valid, or {@code high-availability.close-timeout} where a lock never expires; the caller waits for no longer than
     * that timeout (and 1 s). No callback of this seat starts after it has returned (rule 3.2). Idempotent; legal
     * before start. Inside a callback of the same services it invalidates the handle and returns; the rest follows
     * (rule 3.4).
     */
    @Override
    void close();
}
