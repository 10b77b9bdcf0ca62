package dev.ha;

/**
 * Your code, told who leads. Implemented by users. Calls are serial per follower, never under a lock, on the callback
 * executor; blocking delays nobody else (rule 3.3). Nothing is called after close (rule 5.3).
 */
@FunctionalInterface
public interface LeaderRetrievalListener {
    /**
     * A state, never a guess: Leader, None or Unknown; never the same twice in a row (rule 5.1). What it throws reaches
     * {@link #handleError} of this listener alone.
     */
    void notifyLeader(LeaderInformation information);

    /** A problem that a person should know; following goes on. Default: does nothing; what it throws is logged. */
    default void handleError(HighAvailabilityException error) {}
}
