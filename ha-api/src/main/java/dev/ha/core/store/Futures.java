package dev.ha.core.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;

/** The few things the stores do with stages beyond what the JDK has. */
final class Futures {
    /** So many requests of one operation are on their way at a time. */
    private static final int AT_A_TIME = 16;

    private Futures() {}

    /** What is asked for; what the asking throws is a failure like any other. */
    static <T> CompletableFuture<T> of(Supplier<? extends CompletionStage<T>> request) {
        CompletableFuture<T> future = new CompletableFuture<>();
        try {
            relay(request.get(), future);
        } catch (RuntimeException | Error failure) {
            future.completeExceptionally(failure);
        }
        return future;
    }

    static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    /** Lets {@code to} end as {@code from} does, with the failure as it was before the JDK wrapped it. */
    static <T> void relay(CompletionStage<T> from, CompletableFuture<T> to) {
        CompletionStage<T> unused = from.whenComplete((value, failure) -> {
            if (failure == null) {
                to.complete(value);
            } else {
                to.completeExceptionally(unwrap(failure));
            }
        });
    }

    static Throwable unwrap(Throwable failure) {
        Throwable inner = failure;
        while ((inner instanceof CompletionException || inner instanceof ExecutionException)
                && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /** To be thrown in a stage: the failure as it is, or wrapped as the JDK does. */
    static RuntimeException rethrown(Throwable failure) {
        return unwrap(failure) instanceof RuntimeException runtime ? runtime : new CompletionException(unwrap(failure));
    }

    /** {@code act} on each of {@code all}, a few at a time; fails with the first failure, and then begins no more. */
    static <A, B> CompletableFuture<List<B>> forEach(Collection<A> all, Function<A, CompletableFuture<B>> act) {
        return some(all.iterator(), act, new ArrayList<>());
    }

    private static <A, B> CompletableFuture<List<B>> some(
            Iterator<A> rest, Function<A, CompletableFuture<B>> act, List<B> results) {
        List<CompletableFuture<B>> batch = new ArrayList<>();
        while (rest.hasNext() && batch.size() < AT_A_TIME) {
            A next = rest.next();
            batch.add(of(() -> act.apply(next)));
        }
        if (batch.isEmpty()) {
            return CompletableFuture.completedFuture(results);
        }
        return CompletableFuture.allOf(batch.toArray(CompletableFuture<?>[]::new))
                .thenCompose(unused -> {
                    batch.forEach(each -> results.add(each.join()));
                    return some(rest, act, results);
                });
    }
}
