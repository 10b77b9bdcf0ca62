package dev.ha;

import dev.ha.core.TaskContender;

/**
 * Your code, told by the election. Implemented by users.
 *
 * <p>Calls are serial per contender, grant and revoke alternate (rule 3.1), never under a lock, on the callback executor. Blocking here delays nobody
 * else and loses nothing (rule 3.3), but the revoke of this contender waits until its grant has returned: work that blocks belongs in {@link #ofTask}.
 * What a method throws reaches {@link #handleError} of this contender alone; one that throws from {@code grantLeadership} gives the lock up (rule 3.5).
 */
public interface LeaderContender {
    /** You lead. Prepare, then {@link Leadership#confirm}: nobody finds you before (rule 4.1). */
    void grantLeadership(Leadership leadership);

    /** You no longer lead; the handle is invalid already. Return only when the work HAS stopped: the successor may start right after. */
    void revokeLeadership(Leadership leadership);

    /** Something went wrong that a person should know. Says nothing about leadership; the election carries on by itself. */
    void handleError(HighAvailabilityException error);

    /**
     * A contender that runs {@code task} on a thread of its own while leading, interrupts it on loss, waits for it in revoke, and resigns when it
     * returns or throws. It does not confirm by itself. Errors of the task are logged; {@link #ofTask(LeaderTask, java.util.function.Consumer)}
     * hands them over.
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
