package dev.ha;

import dev.ha.core.TaskContender;

/**
 * Your code, told by the election. Implemented by users.
 *
 * <p>Calls are serial per contender, grant and revoke alternate (rule 3.1), never under a lock, on the callback
 * executor. Blocking here delays nobody else and loses nothing (rule 3.3), but the revoke of this contender waits until
 * its grant has returned: work that blocks belongs in {@link #ofTask}. What grant and revoke throw reaches
 * {@link #handleError} of this contender alone, and a throwing grant gives the lock up (rule 3.5); what
 * {@code handleError} throws is logged. Nothing is called after close (rule 3.2).
 */
public interface LeaderContender {
    /**
     * You lead. Prepare, then {@link Leadership#confirm}: nobody finds you before (rule 4.1). A grant that was over
     * before its turn is not told (rule 3.6).
     */
    void grantLeadership(Leadership leadership);

    /**
     * You no longer lead; the handle is invalid already. Return only when the work HAS stopped: the successor may start
     * right after. The lock is kept for you until then, but no longer than {@link LeaderElection#close()} says; who
     * still works is told so by {@link #handleError} (rule 3.7).
     */
    void revokeLeadership(Leadership leadership);

    /**
     * Something went wrong that a person should know. May come at any time between start and close; says nothing about
     * leadership; the election carries on by itself.
     */
    void handleError(HighAvailabilityException error);

    /**
     * A contender that runs {@code task} on a thread of its own while leading, interrupts it on loss, waits for it in
     * revoke, and resigns when it returns or throws. It does not confirm by itself. Errors of the task are logged;
     * {@link #ofTask(LeaderTask, java.util.function.Consumer)} hands them over.
     */
    static LeaderContender ofTask(LeaderTask task) {
        return new TaskContender(task, null);
    }

    /** As {@link #ofTask(LeaderTask)}; {@code errors} gets what {@link #handleError} gets and what the task throws. */
    static LeaderContender ofTask(
            LeaderTask task, java.util.function.Consumer<? super HighAvailabilityException> errors) {
        return new TaskContender(task, errors);
    }
}
