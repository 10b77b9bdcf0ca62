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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What a backend lives in, without an engine behind it: real clocks and threads, nothing is asked of the backend but what the test asks, and what the backend tells
 * is remembered. Its wall clock can be set.
 */
public class TestContext implements BackendContext, AutoCloseable {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final String CONNECTED = "connected";

    private final String prefix;
    private final String cluster;
    private final String processId = "test-" + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet();
    private final Map<String, String> configuration;
    private final ExecutorService pool = Executors.newCachedThreadPool(task -> daemon(task, "test-pool"));
    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(1, task -> daemon(task, "test-timer"));
    private final AtomicLong wallOffset = new AtomicLong();
    private final AtomicInteger blocking = new AtomicInteger();
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
    public final void beforeTimerOf(Class<?> type, String method, Runnable act) {
        hook.set(new Hook(type, method, act));
    }

    /** As if the machine had been suspended for {@code time}, with a monotonic clock that stands still meanwhile. */
    public final void suspended(Duration time) {
        wallOffset.addAndGet(time.toMillis());
    }

    /** Lets the wall clock show {@code time} now, and go on from there. */
    public final void setWallTime(Instant time) {
        wallOffset.set(Duration.between(Instant.now(), time).toMillis());
    }

    /** How many blocking calls are under way. */
    public final int blocking() {
        return blocking.get();
    }

    /** How many tasks wait for their time. */
    public final int pending() {
        return pending.size();
    }

    /** How many tasks wait that were to wait for {@code delay}. */
    public final long pending(Duration delay) {
        return pending.stream().filter(delay::equals).count();
    }

    /** Each trouble, with its reason and message, and {@code "connected"} for each end of all of them, in order. */
    public final List<String> told() {
        return told;
    }

    /** Whether the last thing told is that the connection is in trouble. */
    public final boolean isInTrouble() {
        return !told.isEmpty() && !told.get(told.size() - 1).equals(CONNECTED);
    }

    /** How often it was told that the connection is well. */
    public final long timesConnected() {
        return told.stream().filter(CONNECTED::equals).count();
    }

    /** Every lease that was asked for, in order. */
    public final List<TestLease> leases() {
        return leases;
    }

    // ---- what a backend sees ----

    @Override
    public final <T> T get(Option<T> option) {
        return option.read(prefix, configuration);
    }

    @Override
    public final String clusterId() {
        return cluster;
    }

    @Override
    public final String processId() {
        return processId;
    }

    @Override
    public final <T> CompletionStage<T> blocking(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        blocking.incrementAndGet();
        pool.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Exception | Error failure) {
                result.completeExceptionally(failure);
            } finally {
                blocking.decrementAndGet();
            }
        });
        return result;
    }

    @Override
    public final Timer schedule(Duration delay, Runnable task) {
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
    public final long nanoTime() {
        return System.nanoTime() & Long.MAX_VALUE;
    }

    @Override
    public final Instant wallTime() {
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
    public final TestLease lease(Duration duration, Duration margin, long sentAt) {
        TestLease lease = new TestLease(sentAt, duration.minus(margin));
        leases.add(lease);
        return lease;
    }

    @Override
    public final Lease unlimitedLease() {
        TestLease lease = new TestLease(0, null);
        leases.add(lease);
        return lease;
    }

    /** Ends its threads; timers that are set later do nothing. */
    @Override
    public final void close() {
        timer.shutdownNow();
        pool.shutdownNow();
    }

    /** A deadline, if any, that can't be extended once it is over; without the engine's care for the wall clock. */
    public final class TestLease implements Lease {
        private final @Nullable Duration valid;
        private long deadline;
        private boolean over;

        private TestLease(long sentAt, @Nullable Duration valid) {
            this.valid = valid;
            this.deadline = valid == null ? Long.MAX_VALUE : sentAt + valid.toNanos();
        }

        @Override
        public synchronized void renewed(long sentAt) {
            if (valid == null) {
                throw new AssertionError("a lease without an end is never renewed");
            }
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
