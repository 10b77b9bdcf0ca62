package dev.ha;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/**
 * One grant, from the win of the lock to its loss; invalid for ever once invalid (rule 1.6). Thread-safe; no method but
 * {@link #runIfLeader} blocks. Implemented by the library only; may gain methods.
 *
 * <p>Stages complete on threads of the library that may block without harm to anybody; their failures arrive wrapped in
 * {@link java.util.concurrent.CompletionException} where the JDK does so.
 */
public interface Leadership {
    /** Name of the election. */
    String election();

    /** Unique per win of the lock (all zeros in mode {@code none}); the same for all components of this process. */
    UUID sessionId();

    /**
     * Strictly greater than that of every earlier grant of this election within one history of the backend (rule 1.2).
     * Hand it to every system you write to and let it refuse smaller ones: that alone is safe without assumptions on
     * clocks.
     */
    long fencingToken();

    /**
     * The history of the backend's data in which the token counts; another one means that the data was wiped or
     * restored (rule 1.2).
     */
    String historyId();

    /**
     * True only while nobody else can lead (rules 1.1, 1.3). Local, no lock, no allocation, honest after a pause: the
     * monotonic clock against the lease's deadline, cross-checked with the wall clock against a suspended machine.
     * Tells about the instant at which it was asked: an act begun while valid may still run when the lease is over.
     */
    boolean isValid();

    /**
     * Time left unless renewed; zero when invalid; the duration of {@link java.time.temporal.ChronoUnit#FOREVER} when
     * the lock never expires.
     */
    Duration remaining();

    /**
     * Publishes {@code address}; the library keeps it published, and restores it, until this grant ends (rule 4.4).
     * Never blocks. Completes when followers can see it; fails only with {@link LeadershipLostException}. Once per
     * grant: the same address again is the same stage, another one fails with {@link IllegalStateException}. Ignoring
     * the stage is safe.
     */
    CompletionStage<Void> confirm(String address);

    /**
     * Runs {@code action} here and now, on the calling thread, or does not start it (rule 1.4). The lock is not given
     * back before it ends, bounded as in {@link LeaderElection#close()}; it may be lost meanwhile, so an action that
     * takes time asks {@link #isValid()} and fences what it writes.
     *
     * @throws LeadershipLostException if this handle is invalid; nothing was started
     */
    <X extends Exception> void runIfLeader(LeaderAction<X> action) throws X;

    /**
     * Completes with the reason once this leadership has ended, also while a callback is blocked (rule 2.8); never
     * fails.
     */
    CompletionStage<Reason> lost();

    /**
     * Gives up the lock, for all components of this process: handles invalid at once, contenders revoked, lock released
     * (rule 3.7); then contends again, behind the others where the backend queues, after
     * {@code high-availability.resign-wait} in any case. Completes when released; at once when this leadership has
     * ended for another reason. Legal inside a callback: returns at once, as everywhere.
     */
    CompletionStage<Void> resign();
}
