package dev.ha;

import dev.ha.store.HighAvailabilityStores;
import java.time.Duration;
import java.util.List;

/**
 * One program's connection to one backend and all it made from it. Thread-safe. Implemented by the library only; may
 * gain methods.
 *
 * <p>After {@link #close()} every method but {@code close}, {@link #awaitClosed} and {@link #health()} throws
 * {@link IllegalStateException} (rule 7.2).
 */
public interface HighAvailabilityServices extends AutoCloseable {
    /**
     * A new seat for the election's component {@code "leader"}; registers nothing before {@link LeaderElection#start}.
     * Short for {@code leaderElectionService(election).component("leader")}.
     *
     * @param election any text of 1 to 200 characters; encoded one-to-one, never merged with another (rule 8.2)
     * @throws IllegalArgumentException if {@code election} is empty, longer, or no well-formed text; the same for every
     *     name
     */
    LeaderElection leaderElection(String election);

    /**
     * The lock {@code election} as a whole, for processes that publish several components under it; same name, same
     * object while it is open.
     */
    LeaderElectionService leaderElectionService(String election);

    /** A new follower of the election's component {@code "leader"}. */
    LeaderRetrievalService leaderRetrieval(String election);

    /**
     * A new follower of one component of an election. All followers of an election made by these services share one
     * watch (rule 5.4).
     */
    LeaderRetrievalService leaderRetrieval(String election, String component);

    /** The metadata stores that belong to {@code election}: read by all, written under a {@link Leadership} of it. */
    HighAvailabilityStores stores(String election);

    /** UP, DEGRADED or DOWN, and why; local, never blocks, works after close (DOWN). */
    Health health();

    /**
     * Lets {@code observer} know what happens in these services, from now on until the returned object or the services
     * are closed. What is contended for and followed already is told first. Costs nothing when nobody observes.
     */
    Observation observe(HighAvailabilityObserver observer);

    /**
     * Runs the backend's own checks of what it must meet (versions, clock, file system) and times each. Connects if
     * need be; blocks the calling thread, for each check at most as long as the backend waits for a request. A check
     * that fails is a result, never an exception. Empty when the backend declares none.
     */
    List<Diagnosis> diagnose();

    /**
     * Blocks until the services have been closed, by anyone (hook, other thread). Not for callbacks: {@link #close()}
     * waits for those.
     */
    void awaitClosed() throws InterruptedException;

    /** As {@link #awaitClosed()}; true if closed within {@code timeout}. */
    boolean awaitClosed(Duration timeout) throws InterruptedException;

    /**
     * Revokes all contenders, waits for them, releases all locks, stops followers, disconnects. Deletes nothing.
     * Idempotent. Bounded: contenders and locks have {@code high-availability.close-timeout} together, the connection 5
     * s more; an interrupt ends the waiting, not the closing. No callback starts after it has returned (rule 3.2).
     * Called inside a callback of these services it marks them closed, invalidates every handle and returns; the rest
     * follows when the callback has returned (rule 3.4).
     */
    @Override
    void close();
}
