package dev.ha.core.store;

import dev.ha.Leadership;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.store.EntryStore;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What the engine lends to the stores of one election. */
public interface StoreEnvironment {
    /** All entries of the election, fenced; also those that users can't write. */
    EntryStore entries();

    /**
     * Refuses a leadership that fences nothing here, and everything after close.
     *
     * @throws IllegalArgumentException if {@code leadership} is of another election or of other services
     * @throws IllegalStateException after close
     */
    void check(Leadership leadership);

    /** Runs blocking work on the I/O pool. */
    <T> CompletableFuture<T> blocking(Callable<T> work);

    /** The stage that a user gets for {@code inner}: completes on the library's threads, and at the latest when the services are closed. */
    <T> CompletionStage<T> user(CompletableFuture<T> inner);

    /** Runs a short task that never blocks after {@code delay}. */
    Timer schedule(Duration delay, Runnable task);

    /** For the age of files, and nothing else. */
    Instant wallTime();

    /** The way to one listener of a user. */
    ListenerCalls listener();

    /** Calls to one listener: serial, on the callback executor, never under a lock. */
    interface ListenerCalls extends AutoCloseable {
        /** Calls after those before it. */
        void add(Runnable call);

        /** No call starts after it has returned; waits for one that runs, unless that is the caller. */
        @Override
        void close();
    }
}
