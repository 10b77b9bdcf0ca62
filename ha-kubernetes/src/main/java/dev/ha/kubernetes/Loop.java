package dev.ha.kubernetes;

import dev.ha.spi.BackendContext;
import dev.ha.spi.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The one thread of a backend. */
final class Loop extends EventLoop {
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    Loop(BackendContext context) {
        super(context);
    }

    /** {@code stage}, on the loop. */
    <T> CompletableFuture<T> hop(CompletionStage<T> stage) {
        CompletableFuture<T> result = new CompletableFuture<>();
        CompletionStage<Void> unused = stage.handle((value, failure) -> {
            execute(() -> {
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(unwrap(failure));
                }
            });
            return null;
        });
        return result;
    }

    @Override
    protected ExecutorService start() {
        int number = COUNT.incrementAndGet();
        return new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "ha-kubernetes-" + number);
            thread.setDaemon(true);
            return thread;
        }) {
            @Override
            protected void terminated() {
                ended.complete(null);
            }
        };
    }

    @Override
    protected CompletableFuture<Void> stop(ExecutorService thread) {
        thread.shutdown();
        return ended;
    }
}
