package dev.ha.standalone;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for what must happen, with patience: no test fails for being slow. */
final class Waiting {
    static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration QUIET = Duration.ofMillis(400);
    private static final long LOOK_EVERY = TimeUnit.MILLISECONDS.toNanos(2);

    private Waiting() {}

    static void until(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + PATIENCE.toSeconds() + " s: " + what);
            }
            LockSupport.parkNanos(LOOK_EVERY);
        }
    }

    /** Watches for a while that {@code condition} holds; it may overlook a fault, but never makes one up. */
    static void stays(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + QUIET.toNanos();
        do {
            if (!condition.call()) {
                throw new AssertionError("no longer true: " + what);
            }
            LockSupport.parkNanos(LOOK_EVERY);
        } while (System.nanoTime() - deadline < 0);
    }

    /** The result of {@code stage}. */
    static <T> T done(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** What {@code stage} fails with. */
    static Throwable failure(CompletionStage<?> stage) throws Exception {
        try {
            Object result = done(stage);
            throw new AssertionError("did not fail: " + result);
        } catch (ExecutionException failed) {
            return Objects.requireNonNull(failed.getCause());
        }
    }
}
