package dev.ha.core;

import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The real clock and real threads: one timer, one I/O pool, one pool for callbacks. All threads are daemons, start at first use and end with close. */
public final class JvmPlatform implements Platform {
    private static final Logger LOG = LoggerFactory.getLogger(JvmPlatform.class);
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name;
    private final long origin = System.nanoTime();
    private final ScheduledThreadPoolExecutor timer;
    private final ElasticExecutor io;
    private final ElasticExecutor own;
    private final Executor callbacks;

    /** {@code userExecutor} takes the callbacks if given. */
    JvmPlatform(@Nullable Executor userExecutor) {
        this("ha-" + COUNT.incrementAndGet(), userExecutor);
    }

    /** {@code name} begins the names of its threads. */
    public JvmPlatform(String name, @Nullable Executor userExecutor) {
        this.name = name;
        timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, name + "-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        io = new ElasticExecutor(name + "-io", this::schedule);
        own = new ElasticExecutor(name + "-callback", this::schedule);
        callbacks = userExecutor == null ? own : task -> own.execute(() -> handOver(userExecutor, task));
    }

    /** From a thread of ours, as the user's executor may block while it takes the task. */
    private static void handOver(Executor userExecutor, Runnable task) {
        try {
            userExecutor.execute(task);
        } catch (RejectedExecutionException rejected) {
            LOG.warn("The callback executor rejected a task; the library's own thread runs it", rejected);
            task.run();
        }
    }

    @Override
    public long nanoTime() {
        return System.nanoTime() - origin;
    }

    @Override
    public long wallMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        try {
            Future<?> scheduled = timer.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
            return () -> scheduled.cancel(false);
        } catch (RejectedExecutionException closed) {
            return () -> {};
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            LOG.error("A timer task failed", failure);
        }
    }

    @Override
    public Executor io() {
        return io;
    }

    @Override
    public Executor callbacks() {
        return callbacks;
    }

    @Override
    public Executor completions() {
        return this::complete;
    }

    /** Never refuses: a stage that nobody completes is worse than one more short-lived thread after close. */
    private void complete(Runnable task) {
        try {
            own.execute(task);
        } catch (RejectedExecutionException closed) {
            Thread late = new Thread(task, name + "-late");
            late.setDaemon(true);
            late.start();
        }
    }

    @Override
    public boolean await(CompletableFuture<?> done, Duration bound) {
        try {
            done.get(bound.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException failed) {
            return true;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public int random(int bound) {
        return ThreadLocalRandom.current().nextInt(bound);
    }

    @Override
    public void contending() {
        Rehearsal.begin();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        io.close();
        own.close();
    }
}
