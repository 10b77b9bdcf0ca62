package dev.ha;

/** Your code, told who leads. Implemented by users. Calls are serial per listener, never under a lock, on the callback executor. */
@FunctionalInterface
public interface LeaderRetrievalListener {
    /** A state, never a guess: Leader, None or Unknown. What it throws reaches {@link #handleError} of this listener alone. */
    void notifyLeader(LeaderInformation information);

    /** A problem that a person should know. Default: nothing more than the log and {@link HighAvailabilityServices#health()}. */
    default void handleError(HighAvailabilityException error) {}
}
