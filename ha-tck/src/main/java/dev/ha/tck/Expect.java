package dev.ha.tck;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;
import org.opentest4j.AssertionFailedError;

/**
 * The assertions of one test. A failure says which rule is broken, what was expected, what was seen and what the author of a backend should look at.
 *
 * <p>{@code seen} arguments are turned into text only when something fails.
 */
final class Expect {
    private static final Duration POLL = Duration.ofMillis(2);

    private final Spec.Text rule;

    Expect(Spec.Text rule) {
        this.rule = rule;
    }

    /** Something that is looked up only when its text is needed. */
    static Object lazily(Supplier<?> seen) {
        return new Object() {
            @Override
            public String toString() {
                return String.valueOf(seen.get());
            }
        };
    }

    /** Holds now. */
    void that(boolean holds, String expected, @Nullable Object seen, String check) {
        if (!holds) {
            throw broken(expected, seen, check);
        }
    }

    /** Holds within {@link TckTimeouts#patience()}. */
    void eventually(BooleanSupplier holds, String expected, @Nullable Object seen, String check) {
        within(TckTimeouts.patience(), holds, expected, seen, check);
    }

    /** Holds within {@code patience}. */
    void within(Duration patience, BooleanSupplier holds, String expected, @Nullable Object seen, String check) {
        if (!await(patience, holds)) {
            throw broken(expected + " within " + patience.toMillis() + " ms", seen, check);
        }
    }

    /** Holds, and goes on to hold for {@link TckTimeouts#quiet()}. */
    void throughout(BooleanSupplier holds, String expected, @Nullable Object seen, String check) {
        throughout(TckTimeouts.quiet(), holds, expected, seen, check);
    }

    /** Holds, and goes on to hold for {@code time}. */
    void throughout(Duration time, BooleanSupplier holds, String expected, @Nullable Object seen, String check) {
        if (await(time, () -> !holds.getAsBoolean())) {
            throw broken(expected, seen, check);
        }
    }

    /** Completes normally. */
    <T> T completes(CompletionStage<T> stage, String expected, String check) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        try {
            return future.get(TckTimeouts.patience().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw broken(expected, "it failed with " + e.getCause(), check, e.getCause());
        } catch (TimeoutException e) {
            throw broken(
                    expected,
                    "still not complete after " + TckTimeouts.patience().toMillis() + " ms",
                    check);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Completes with {@code type}, which may be wrapped as the JDK does. */
    <X extends Throwable> X fails(CompletionStage<?> stage, Class<X> type, String expected, String check) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        try {
            Object result = future.get(TckTimeouts.patience().toMillis(), TimeUnit.MILLISECONDS);
            throw broken(expected, "it completed with " + result, check);
        } catch (ExecutionException e) {
            return cast(unwrap(e), type, expected, check);
        } catch (TimeoutException e) {
            throw broken(
                    expected,
                    "still not complete after " + TckTimeouts.patience().toMillis() + " ms",
                    check);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Throws {@code type}. */
    <X extends Throwable> X thrown(Class<X> type, Executable call, String expected, String check) {
        try {
            call.execute();
        } catch (Throwable e) {
            return cast(e, type, expected, check);
        }
        throw broken(expected, "nothing was thrown", check);
    }

    /** Returns, normally, before it is to be taken for blocked. Runs on a thread of its own; what it throws is passed on. */
    void returns(Executable call, String expected, String check) {
        CountDownLatch done = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        call.execute();
                    } catch (Throwable e) {
                        failure.set(e);
                    } finally {
                        done.countDown();
                    }
                },
                "tck-call");
        thread.setDaemon(true);
        thread.start();
        try {
            if (!done.await(TckTimeouts.blocked().toMillis(), TimeUnit.MILLISECONDS)) {
                String stack = Stream.of(thread.getStackTrace())
                        .map(frame -> "      at " + frame)
                        .collect(Collectors.joining("\n"));
                thread.interrupt();
                throw broken(
                        expected,
                        "still not returned after " + TckTimeouts.blocked().toMillis() + " ms, it stands\n" + stack,
                        check);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        Throwable thrown = failure.get();
        if (thrown instanceof AssertionError error) {
            throw error;
        }
        if (thrown != null) {
            throw broken(expected, "it threw " + thrown, check, thrown);
        }
    }

    /** True as soon as {@code holds}, false when {@code patience} is over. */
    static boolean await(Duration patience, BooleanSupplier holds) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("interrupted while waiting");
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return true;
    }

    /** The rule is broken. */
    AssertionFailedError broken(String expected, @Nullable Object seen, String check) {
        return broken(expected, seen, check, null);
    }

    private AssertionFailedError broken(
            String expected, @Nullable Object seen, String check, @Nullable Throwable cause) {
        return new AssertionFailedError(
                "Rule " + rule.id() + " (" + rule.title() + ") is broken."
                        + "\n  expected: " + expected
                        + "\n  seen:     " + seen
                        + "\n  check:    " + check
                        + "\n  rule:     " + rule.text(),
                cause);
    }

    private <X extends Throwable> X cast(Throwable e, Class<X> type, String expected, String check) {
        if (type.isInstance(e)) {
            return type.cast(e);
        }
        throw broken(expected, "it failed with " + e, check, e);
    }

    private static Throwable unwrap(Throwable e) {
        Throwable cause = e;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted while waiting", e);
    }
}
