package dev.ha.spi;

import dev.ha.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;

/**
 * Configuration, time and threads of a backend. Handed to the factory. A backend uses no other clock, timer or pool
 * (its client may have its own), so that all of it can be simulated and nothing outlives the services. Thread-safe; no
 * method blocks but the first {@link #processId()}. After the services are closed timers don't fire and blocking work
 * is refused.
 */
public interface BackendContext {
    /**
     * Value of an option that the factory declares, its default applied, checked.
     *
     * @throws IllegalArgumentException if {@link HighAvailabilityBackendFactory#options()} does not contain this very
     *     object
     */
    <T> T get(Option<T> option);

    /** {@code high-availability.cluster-id}; clusters never see each other (rule 7.3). */
    String clusterId();

    /**
     * Readable unique name of these services, for holder fields: host, pid, random. The first call may ask a name
     * server.
     */
    String processId();

    /**
     * Runs blocking work on the library's I/O pool, which grows with the work in progress; the stage fails with what it
     * throws, and completes on that pool.
     */
    <T> CompletionStage<T> blocking(Callable<T> work);

    /**
     * Runs a short task that never blocks after {@code delay}, on the one timer thread; closing the handle cancels it.
     */
    Timer schedule(Duration delay, Runnable task);

    /** The monotonic clock, in nanoseconds from an arbitrary origin, never negative. */
    long nanoTime();

    /** The wall clock: to be shown or to seed a token, never to judge a lease (rule 1.10). */
    Instant wallTime();

    /**
     * The connection is in trouble. The engine passes it on to contenders (handleError), followers (Unknown) and
     * health, once per outage and reason. Ends no candidacy and no lease: that is up to the backend.
     *
     * @param reason {@link Reason#CONNECTION_SUSPENDED}, {@link Reason#CONNECTION_LOST} or {@link Reason#ACCESS_DENIED}
     */
    void disconnected(Reason reason, Throwable cause);

    /** The connection is well again; followers stay Unknown until the next {@link Following#seen}. */
    void connected();

    /**
     * A lease the backend has just promised: it lets nobody else lead before {@code duration} has passed since
     * {@code sentAt}. Its grants are valid until {@code sentAt + duration - margin}; if that has passed already, the
     * lease is over from the start.
     *
     * @param margin what clocks may differ over one duration, and whatever else the backend's protocol must subtract
     * @param sentAt {@link #nanoTime()} before the request left, never of its answer (rule 1.8)
     * @throws IllegalArgumentException if less than half of the duration would remain, or {@code sentAt} is yet to come
     */
    Lease lease(Duration duration, Duration margin, long sentAt);

    /**
     * A lease without deadline, for locks that outlive any pause (OS file lock, same JVM); ends only by
     * {@link Lease#end}.
     */
    Lease unlimitedLease();

    /** A task that has been scheduled. */
    interface Timer extends AutoCloseable {
        /** Cancels the task if it has not begun. */
        @Override
        void close();
    }
}
