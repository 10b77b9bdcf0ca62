package dev.ha.spi;

import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that owns all state of a backend: answers, events, timers and the engine's calls run on it one after the other, so that there is no lock and none
 * overtakes another. Nothing may block it. The thread begins with the first task.
 */
public abstract class EventLoop implements Executor {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);

    private final BackendContext context;
    private @Nullable ExecutorService thread;
    private boolean closed;

    /** The clock and the timers are those of {@code context}. */
    protected EventLoop(BackendContext context) {
        this.context = context;
    }

    /** Makes the thread; called once at most. */
    protected abstract ExecutorService start();

    /** Ends what {@link #start} has made; done when it has ended. */
    protected abstract CompletableFuture<Void> stop(ExecutorService thread);

    /**
     * The thread.
     *
     * @throws RejectedExecutionException after {@link #close}
     */
    protected final synchronized ExecutorService thread() {
        if (closed) {
            throw new RejectedExecutionException("this backend is closed");
        }
        if (thread == null) {
            thread = start();
        }
        return thread;
    }

    /** Whether anything was ever done on it. */
    public final synchronized boolean isStarted() {
        return thread != null;
    }

    /** Runs {@code task} after what is waiting; not at all when closed. */
    @Override
    public final void execute(Runnable task) {
        try {
            thread().execute(() -> run(task));
        } catch (RejectedExecutionException closedMeanwhile) {
            // Nobody waits for it any more.
        }
    }

    /** What {@code task} throws is a mistake of ours, which must not go unheard. */
    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error mistake) {
            LOG.error("A mistake in a backend; please report it", mistake);
        }
    }

    /** What {@code request} gives, called on the thread. */
    public final <T> CompletableFuture<T> submit(Supplier<CompletableFuture<T>> request) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            thread().execute(() -> {
                try {
                    CompletableFuture<Void> unused = request.get().handle((value, failure) -> {
                        if (failure == null) {
                            result.complete(value);
                        } else {
                            result.completeExceptionally(unwrap(failure));
                        }
                        return null;
                    });
                } catch (RuntimeException | Error failure) {
                    result.completeExceptionally(failure);
                }
            });
        } catch (RejectedExecutionException refused) {
            result.completeExceptionally(new IllegalStateException("this backend is closed", refused));
        }
        return result;
    }

    /** Calls {@code then} when {@code request} is done. What it throws is a mistake of ours, which must not go unheard. */
    public static <T> void whenDone(CompletableFuture<T> request, BiConsumer<T, Throwable> then) {
        CompletableFuture<T> unused = request.whenComplete((value, failure) -> run(() -> then.accept(value, failure)));
    }

    /** Without the JDK's wrapping. */
    public static Throwable unwrap(Throwable failure) {
        Throwable inner = failure;
        while (inner instanceof CompletionException && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /** Runs {@code task} on the thread after {@code delay}. */
    public final Timer schedule(Duration delay, Runnable task) {
        return context.schedule(delay, () -> execute(task));
    }

    /** The monotonic clock. */
    public final long nanoTime() {
        return context.nanoTime();
    }

    /** Ends the thread; done when it has ended. */
    public final CompletableFuture<Void> close() {
        ExecutorService open;
        synchronized (this) {
            closed = true;
            open = thread;
        }
        return open == null ? CompletableFuture.completedFuture(null) : stop(open);
    }
}
