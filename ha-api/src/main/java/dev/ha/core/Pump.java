package dev.ha.core;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what a source has to offer, one after the other, on an executor: the one way in which the engine calls anybody's code. The source is asked for the
 * next call only when the former has returned, so it can drop what has become superseded meanwhile (rules 3.1, 3.6).
 */
final class Pump {
    private static final Logger LOG = LoggerFactory.getLogger(Pump.class);
    private static final ThreadLocal<@Nullable Object> OWNER = new ThreadLocal<>();

    private final Executor executor;
    private final Object owner;
    private final Supplier<@Nullable Runnable> source;
    private final AtomicInteger signals = new AtomicInteger();
    private volatile @Nullable Thread runner;

    /** {@code owner} is what {@link #insideCallbackOf} is asked for. */
    Pump(Executor executor, Object owner, Supplier<@Nullable Runnable> source) {
        this.executor = executor;
        this.owner = owner;
        this.source = source;
    }

    /** True on a thread that is just in a call made by a pump of {@code owner}. */
    static boolean insideCallbackOf(Object owner) {
        return OWNER.get() == owner;
    }

    /** The source may have something to offer. Never blocks and calls nothing of it here. */
    void signal() {
        if (signals.getAndIncrement() == 0) {
            submit();
        }
    }

    /** The thread that is in a call just now. */
    @Nullable
    Thread runner() {
        return runner;
    }

    private void submit() {
        try {
            executor.execute(this::drain);
        } catch (RejectedExecutionException closed) {
            LOG.debug("Dropped a call, as the services are closed", closed);
        }
    }

    private void drain() {
        Object before = OWNER.get();
        OWNER.set(owner);
        runner = Thread.currentThread();
        try {
            int seen;
            do {
                seen = signals.get();
                for (Runnable call = source.get(); call != null; call = source.get()) {
                    run(call);
                }
            } while (!signals.compareAndSet(seen, 0));
        } finally {
            runner = null;
            if (before == null) {
                OWNER.remove();
            } else {
                OWNER.set(before);
            }
        }
    }

    private static void run(Runnable call) {
        try {
            call.run();
        } catch (Throwable failure) {
            LOG.error("A call failed", failure);
        }
    }

    /** A pump whose source is a queue. */
    static final class Tasks {
        private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
        private final Pump pump;

        Tasks(Executor executor) {
            pump = new Pump(executor, this, queue::poll);
        }

        /** Runs {@code task} after those before it. */
        void add(Runnable task) {
            queue.add(task);
            pump.signal();
        }
    }
}
