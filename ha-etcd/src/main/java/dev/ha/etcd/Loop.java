package dev.ha.etcd;

import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread of a backend: all channels do their I/O on it, and all state of the backend is touched on it alone, so that there is no lock. Nothing may block
 * it. The thread begins with the first task.
 */
final class Loop implements Executor {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final BackendContext context;
    private @Nullable EventLoopGroup group;
    private boolean closed;

    Loop(BackendContext context) {
        this.context = context;
    }

    /** Also for channels. */
    synchronized EventLoopGroup group() {
        if (closed) {
            throw new RejectedExecutionException("this backend is closed");
        }
        if (group == null) {
            int number = COUNT.incrementAndGet();
            group = new NioEventLoopGroup(1, task -> {
                Thread thread = new Thread(task, "ha-etcd-" + number);
                thread.setDaemon(true);
                return thread;
            });
        }
        return group;
    }

    /** Whether anything was ever done on it. */
    synchronized boolean isStarted() {
        return group != null;
    }

    /** Runs {@code task} after what is waiting; not at all when closed. */
    @Override
    public void execute(Runnable task) {
        try {
            group().execute(task);
        } catch (RejectedExecutionException closedMeanwhile) {
            // Nobody waits for it any more.
        }
    }

    /** What {@code request} gives, called on the thread. */
    <T> CompletableFuture<T> submit(Supplier<CompletableFuture<T>> request) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            group().execute(() -> {
                try {
                    CompletableFuture<Void> unused = request.get().handle((value, failure) -> {
                        if (failure == null) {
                            result.complete(value);
                        } else {
                            result.completeExceptionally(Failures.unwrap(failure));
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
    static <T> void whenDone(CompletableFuture<T> request, BiConsumer<T, Throwable> then) {
        CompletableFuture<T> unused = request.whenComplete((value, failure) -> {
            try {
                then.accept(value, failure);
            } catch (RuntimeException | Error mistake) {
                LOG.error("A mistake in mode etcd; please report it", mistake);
            }
        });
    }

    /** Runs {@code task} on the thread after {@code delay}. */
    Timer schedule(Duration delay, Runnable task) {
        return context.schedule(delay, () -> execute(task));
    }

    /** The monotonic clock. */
    long nanoTime() {
        return context.nanoTime();
    }

    /** Ends the thread; done when it has ended. */
    CompletableFuture<Void> close() {
        EventLoopGroup open;
        synchronized (this) {
            closed = true;
            open = group;
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (open == null) {
            done.complete(null);
        } else {
            open.shutdownGracefully(0, 1, TimeUnit.SECONDS).addListener(ended -> done.complete(null));
        }
        return done;
    }
}
