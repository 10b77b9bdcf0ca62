package dev.ha.store;

import dev.ha.HighAvailabilityException;

/** Your code, told of job graphs that others add and remove. Calls are serial, never under a lock, on the callback executor. */
public interface JobGraphListener {
    /** There is a graph that was not there, or not known; read it, it may be gone again. */
    void onAdded(String jobId);

    /** The graph is gone. */
    void onRemoved(String jobId);

    /** The backend could not be asked (default: nothing; it is asked again). Told once per trouble. */
    default void handleError(HighAvailabilityException error) {}
}
