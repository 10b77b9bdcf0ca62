package dev.ha;

/**
 * The lock: one election in this process. Everything registered on it here wins and loses together, with one session
 * id, one token and one renewal. Thread-safe. Implemented by the library only; may gain methods.
 */
public interface LeaderElectionService extends AutoCloseable {
    /**
     * The component that {@link HighAvailabilityServices#leaderElection} stands for, the only one of most elections.
     */
    String LEADER = "leader";

    /** Name of the election. */
    String election();

    /**
     * A new seat for {@code component}, an address published under this lock; registers nothing before
     * {@link LeaderElection#start}.
     *
     * @param component any text of 1 to 200 characters
     * @throws IllegalStateException after close
     */
    LeaderElection component(String component);

    /**
     * Closes all seats, then releases the lock. Idempotent; the same waiting rules as {@link LeaderElection#close()}.
     */
    @Override
    void close();
}
