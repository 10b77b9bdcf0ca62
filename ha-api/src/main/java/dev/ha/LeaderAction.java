package dev.ha;

/**
 * An action for {@link Leadership#runIfLeader}. Implemented by users.
 *
 * @param <X> what it may throw
 */
@FunctionalInterface
public interface LeaderAction<X extends Exception> {
    /** Acts; on the thread that called {@link Leadership#runIfLeader}, which passes on what it throws. */
    void run() throws X;
}
