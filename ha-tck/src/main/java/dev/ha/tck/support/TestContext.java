package dev.ha.tck.support;

import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Lease;
import dev.ha.spi.Option;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What a backend lives in, without an engine behind it: real clocks and threads, nothing is asked of the backend but what the test asks, and what the backend tells
 * is remembered. Its wall clock can be set.
 */
public final class TestContext implements BackendContext, AutoCloseable {
    private final String prefix;
    private final String cluster;
    private final Map<String, String> configuration;
    private final ExecutorService pool = Executors.newCachedThreadPool(task -> daemon(task, "test-pool"));
    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(1, task -> daemon(task, "test-timer"));
    private final AtomicLong wallOffset = new AtomicLong();
    private final AtomicReference<@Nullable Hook> hook = new AtomicReference<>();
    private final List<Duration> pending = new CopyOnWriteArrayList<>();
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final List<TestLease> leases = new CopyOnWriteArrayList<>();

    /** {@code configuration} has keys below {@code prefix}, which ends in a dot. */
    public TestContext(String prefix, String cluster, Map<String, String> configuration) {
        this.prefix = prefix;
        this.cluster = cluster;
        this.configuration = Map.copyOf(configuration);
        timer.setRemoveOnCancelPolicy(true);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private record Hook(Class<?> type, String method, Runnable act) {
        boolean isDue() {
            return StackWalker.getInstance()
                    .walk(frames ->
                            frames.anyMatch(frame -> frame.getClassName().equals(type.getName())
                                    && frame.getMethodName().equals(method)));
        }
    }

    // ---- what a test does and sees ----

    /** Runs {@code act} once, before {@code method} of {@code type} schedules something next, such as the timeout of a request it is about to send. */
    public void beforeTimerOf(Class<?> type, String method, Runnable act) {
        hook.set(new Hook(type, method, act));
    }

    /** As if the machine had been suspended for {@code time}, with a monotonic clock that stands still meanwhile. */
    public void suspended(Duration time) {
        wallOffset.addAndGet(time.toMillis());
    }

    /** How many tasks wait that were to wait for {@code delay}. */
    public long pending(Duration delay) {
        return pending.stream().filter(delay::equals).count();
    }

    /** Each trouble, with its reason and message, and {@code "connected"} for each end of all of them, in order. */
    public List<String> told() {
        return told;
    }

    /** Whether the last thing told is that the connection is in trouble. */
    public boolean isInTrouble() {
        return !told.isEmpty() && !told.get(told.size() - 1).equals(CONNECTED);
    }

    /** How often it was told that the connection is well. */
    public long timesConnected() {
        return told.stream().filter(CONNECTED::equals).count();
    }

    /** Every lease that was asked for, in order. */
    public List<TestLease> leases() {
        return leases;
    }

    private static final String CONNECTED = "connected";

    // ---- what a backend sees ----

    @Override
    public <T> T get(Option<T> option) {
        return option.read(prefix, configuration);
    }

    @Override
    public String clusterId() {
        return cluster;
    }

    @Override
    public String processId() {
        return "test-process";
    }

    @Override
    public <T> CompletionStage<T> blocking(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        pool.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Exception | Error failure) {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        Hook present = hook.get();
        if (present != null && present.isDue() && hook.compareAndSet(present, null)) {
            present.act.run();
        }
        if (timer.isShutdown()) {
            return () -> {};
        }
        pending.add(delay);
        Future<?> handle = timer.schedule(
                () -> {
                    pending.remove(delay);
                    task.run();
                },
                delay.toNanos(),
                TimeUnit.NANOSECONDS);
        return () -> {
            if (handle.cancel(false)) {
                pending.remove(delay);
            }
        };
    }

    @Override
    public long nanoTime() {
        return System.nanoTime() & Long.MAX_VALUE;
    }

    @Override
    public Instant wallTime() {
        return Instant.now().plusMillis(wallOffset.get());
    }

    @Override
    public void disconnected(Reason reason, Throwable cause) {
        told.add(reason + ": " + cause.getMessage());
    }

    @Override
    public void connected() {
        told.add(CONNECTED);
    }

    @Override
    public TestLease lease(Duration duration, Duration margin, long sentAt) {
        TestLease lease = new TestLease(sentAt, duration.minus(margin));
        leases.add(lease);
        return lease;
    }

    @Override
    public Lease unlimitedLease() {
        throw new AssertionError("every lease here has an end");
    }

    /** Ends its threads; timers that are set later do nothing. */
    @Override
    public void close() {
        timer.shutdownNow();
        pool.shutdownNow();
    }

    /** A deadline that can't be extended once it is over; without the engine's care for the wall clock. */
    public final class TestLease implements Lease {
        private final Duration valid;
        private long deadline;
        private boolean over;

        private TestLease(long sentAt, Duration valid) {
            this.valid = valid;
            this.deadline = sentAt + valid.toNanos();
        }

        @Override
        public synchronized void renewed(long sentAt) {
            if (!isValid()) {
                over = true;
            }
            deadline = Math.max(deadline, sentAt + valid.toNanos());
        }

        @Override
        public synchronized void end(Reason reason, @Nullable Throwable cause) {
            over = true;
        }

        @Override
        public synchronized boolean isValid() {
            return !over && nanoTime() < deadline;
        }
    }
}
