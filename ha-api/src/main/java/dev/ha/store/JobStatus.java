package dev.ha.store;

/** How a job has ended, here or for good. */
public enum JobStatus {
    /** It did what it should. */
    FINISHED,
    /** It failed, and is not tried again. */
    FAILED,
    /** Somebody has canceled it. */
    CANCELED,
    /** It ends in this process only: another leader recovers it. */
    SUSPENDED;

    /** Whether it is over for good, so that nobody recovers it. */
    public boolean isGloballyTerminal() {
        return this != SUSPENDED;
    }
}
