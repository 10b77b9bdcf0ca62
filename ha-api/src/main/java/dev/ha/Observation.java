package dev.ha;

/** An observer's place at services; ends with {@link #close()} or with the services. Library-implemented, thread-safe. */
public interface Observation extends AutoCloseable {
    /**
     * Ends it: no call to the observer begins after it has returned, and the one in progress has ended, unless this is
     * called inside a call of these services. Idempotent.
     */
    @Override
    void close();
}
