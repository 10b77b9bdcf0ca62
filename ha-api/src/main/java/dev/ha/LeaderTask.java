package dev.ha;

/** Work that lasts as long as a leadership; see {@link LeaderContender#ofTask}. Implemented by users. */
@FunctionalInterface
public interface LeaderTask {
    /** Works until done or interrupted; interrupted means: no longer leader. Returning gives the leadership up. */
    void run(Leadership leadership) throws Exception;
}
