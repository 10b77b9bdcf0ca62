package dev.ha.core;

import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Clock, timers and threads of one engine: real ones in a program, simulated ones in a test that owns time and order. */
public interface Platform {
    /** Monotonic, from 0 at the start of the platform. */
    long nanoTime();

    /** The wall clock, compared with the monotonic one to notice a machine that was suspended. */
    long wallMillis();

    /** Runs {@code task}, which never blocks, after {@code delay} on the timer thread. */
    Timer schedule(Duration delay, Runnable task);

    /** Where drivers are called and blocking work is done. */
    Executor io();

    /** Where contenders and listeners are called. */
    Executor callbacks();

    /** Where stages that users hold complete: never the user's executor, so that a blocked one can't keep the news of a loss back. */
    Executor completions();

    /** Waits on the calling thread until {@code done} is done, however it ends, but not longer than {@code bound}; true if it is. */
    boolean await(CompletableFuture<?> done, Duration bound);

    /** A number in [0, bound). */
    int random(int bound);

    /** Somebody contends from now on: the time to make ready for a grant and for the end of the JVM. */
    void contending();

    /** Ends all threads; tasks that have not begun are dropped. */
    void close();
}
