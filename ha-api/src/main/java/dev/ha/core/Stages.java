package dev.ha.core;

import dev.ha.HighAvailabilityException;
import dev.ha.OutcomeUnknownException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The few things the engine does with stages of drivers: ask, listen, pass on, and say in which of four ways a write failed. */
final class Stages {
    private Stages() {}

    /** Asks a driver; what it throws is a failure like any other. */
    static <T> CompletionStage<T> ask(Supplier<CompletionStage<T>> request) {
        try {
            return request.get();
        } catch (RuntimeException | Error failure) {
            return CompletableFuture.failedStage(failure);
        }
    }

    /** Calls {@code listener} with the value, or with the failure as it was before the JDK wrapped it. */
    static <T> void whenDone(CompletionStage<T> stage, BiConsumer<? super T, ? super @Nullable Throwable> listener) {
        CompletionStage<T> unused = stage.whenComplete(
                (value, failure) -> listener.accept(value, failure == null ? null : unwrap(failure)));
    }

    /** Lets {@code to} end as {@code from} does. */
    static <T> void relay(CompletionStage<? extends T> from, CompletableFuture<T> to) {
        whenDone(from, (value, failure) -> {
            if (failure == null) {
                to.complete(value);
            } else {
                to.completeExceptionally(failure);
            }
        });
    }

    /** The failure itself, without the JDK's wrapping. */
    static Throwable unwrap(Throwable failure) {
        Throwable inner = failure;
        while ((inner instanceof CompletionException || inner instanceof ExecutionException)
                && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /** The failure of a write as one of ours: whatever a driver did not classify has an unknown outcome. */
    static HighAvailabilityException classify(Throwable failure, String act) {
        return unwrap(failure) instanceof HighAvailabilityException known
                ? known
                : new OutcomeUnknownException(
                        act + " failed in an unexpected way: " + unwrap(failure), unwrap(failure));
    }
}
