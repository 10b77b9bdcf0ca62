package dev.ha;

/**
 * An action for {@link Leadership#runIfLeader}. Implemented by users.
 *
 * @param <X> what it may throw
 */
@FunctionalInterface
public interface LeaderAction<X extends Exception> {
    /** Acts. */
    void run() throws X;
}
