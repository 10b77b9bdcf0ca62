package dev.ha;

/** Work that lasts as long as a leadership; see {@link LeaderContender#ofTask}. Implemented by users. */
@FunctionalInterface
public interface LeaderTask {
    /**
     * Works until done or interrupted; interrupted means: no longer leader. Returning or throwing gives the leadership
     * up, and contends again.
     */
    void run(Leadership leadership) throws Exception;
}
