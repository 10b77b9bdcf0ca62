package dev.ha.core;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool for tasks that are mostly short but may block: a few threads while tasks are short, one more for each that blocks. So 10,000 quick
 * callbacks need few threads, and a blocked one delays nobody (rule 3.3).
 */
final class ElasticExecutor implements Executor {
    private static final Logger LOG = LoggerFactory.getLogger(ElasticExecutor.class);
    private static final long STUCK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** One that does not wait may lack a processor only, and more threads would take more of it; or it waits for a device, which Java does not show. */
    private static final long RUNNABLE_STUCK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final long RESCAN_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long KEEP_ALIVE_MILLIS = 10_000;

    /** Runs something later. */
    @FunctionalInterface
    interface Scheduler {
        /** As {@link Platform#schedule}. */
        AutoCloseable schedule(Duration delay, Runnable task);
    }

    private final String name;
    private final Scheduler timer;
    private final int core = Math.max(2, Runtime.getRuntime().availableProcessors());
    private final Deque<Runnable> queue = new ArrayDeque<>();
    private final Set<Worker> workers = new HashSet<>();
    private int idle;
    private int threadCount;
    private long lastScan;
    private boolean growing;
    private boolean closed;

    ElasticExecutor(String name, Scheduler timer) {
        this.name = name;
        this.timer = timer;
    }

    @Override
    public void execute(Runnable task) {
        synchronized (this) {
            if (closed) {
                throw new RejectedExecutionException(name + " is closed");
            }
            queue.add(task);
            if (idle >= queue.size()) {
                notify();
            } else if (workers.size() < core || mostAreStuck()) {
                spawn();
            } else if (!growing) {
                growing = true;
                timer.schedule(Duration.ofNanos(STUCK_NANOS), this::grow);
            }
        }
    }

    /** Looks again while tasks wait; doubles the threads that are free to run if all others are stuck. */
    private synchronized void grow() {
        growing = false;
        if (closed || queue.isEmpty()) {
            return;
        }
        int stuck = stuck();
        if (workers.size() - stuck < core) {
            for (int i = Math.min(queue.size(), Math.max(core, stuck)); i > 0; i--) {
                spawn();
            }
        }
        growing = true;
        timer.schedule(Duration.ofNanos(STUCK_NANOS), this::grow);
    }

    private boolean mostAreStuck() {
        long now = System.nanoTime();
        if (now - lastScan < RESCAN_NANOS) {
            return false;
        }
        lastScan = now;
        return workers.size() - stuck() < core;
    }

    private int stuck() {
        long now = System.nanoTime();
        int stuck = 0;
        for (Worker worker : workers) {
            if (worker.isStuck(now)) {
                stuck++;
            }
        }
        return stuck;
    }

    private void spawn() {
        Worker worker = new Worker(name + "-" + ++threadCount);
        workers.add(worker);
        worker.start();
    }

    /** The next task for {@code worker}; null ends it. */
    private synchronized @Nullable Runnable next(Worker worker) {
        worker.busy = false;
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(KEEP_ALIVE_MILLIS);
        while (queue.isEmpty() && !closed) {
            long millis = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            if (millis <= 0) {
                break;
            }
            idle++;
            try {
                wait(millis);
            } catch (InterruptedException strayInterruptOfAFormerTask) {
                LOG.debug("{} was interrupted while idle", worker.getName());
            } finally {
                idle--;
            }
        }
        Runnable task = queue.poll();
        if (task == null) {
            workers.remove(worker);
            return null;
        }
        worker.since = System.nanoTime();
        worker.busy = true;
        return task;
    }

    /** Threads now; for tests. */
    synchronized int threads() {
        return workers.size();
    }

    /** Refuses new tasks, finishes those that wait, interrupts those that don't end by themselves. */
    synchronized void close() {
        closed = true;
        notifyAll();
        long now = System.nanoTime();
        for (Worker worker : workers) {
            if (worker.busy && now - worker.since > STUCK_NANOS && worker != Thread.currentThread()) {
                worker.interrupt();
            }
        }
        if (!queue.isEmpty()) {
            spawn();
        }
    }

    /** Its fields are guarded by the pool. */
    private final class Worker extends Thread {
        private boolean busy;
        private long since;

        Worker(String name) {
            super(name);
            setDaemon(true);
        }

        boolean isStuck(long now) {
            long busyFor = now - since;
            return busy
                    && busyFor > STUCK_NANOS
                    && (getState() != Thread.State.RUNNABLE || busyFor > RUNNABLE_STUCK_NANOS);
        }

        @Override
        public void run() {
            for (Runnable task = next(this); task != null; task = next(this)) {
                try {
                    task.run();
                } catch (Throwable failure) {
                    LOG.error("A task of {} failed", getName(), failure);
                }
                Thread.interrupted(); // an interrupt meant for the former task must not hit the next one
            }
        }
    }
}
