package dev.ha.standalone;

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
import org.jspecify.annotations.Nullable;

/** What the engine hands to a backend, reduced to what can be seen from outside: real clock, real threads, everything counted. */
class TestContext implements BackendContext, AutoCloseable {
    private static final AtomicInteger NUMBER = new AtomicInteger();

    final List<String> troubles = new CopyOnWriteArrayList<>();
    final AtomicInteger blockingNow = new AtomicInteger();
    private final Map<String, String> configuration;
    private final String prefix;
    private final String clusterId;
    private final String processId = "test-" + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet();
    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    volatile Instant wallTime = Instant.EPOCH;

    /** {@code configuration} with the full keys of {@code mode}. */
    TestContext(String mode, String clusterId, Map<String, String> configuration) {
        this.prefix = "high-availability." + mode + ".";
        this.clusterId = clusterId;
        this.configuration = configuration;
        timer.setRemoveOnCancelPolicy(true);
    }

    @Override
    public <T> T get(Option<T> option) {
        return option.read(prefix, configuration);
    }

    @Override
    public String clusterId() {
        return clusterId;
    }

    @Override
    public String processId() {
        return processId;
    }

    @Override
    public <T> CompletionStage<T> blocking(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        blockingNow.incrementAndGet();
        Future<?> unused = pool.submit(() -> {
            try {
                result.complete(work.call());
            } catch (Throwable failure) {
                result.completeExceptionally(failure);
            } finally {
                blockingNow.decrementAndGet();
            }
        });
        return result;
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        Future<?> scheduled = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    /** Tasks that have been scheduled and are still to come. */
    int scheduledNow() {
        return timer.getQueue().size();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Instant wallTime() {
        return wallTime.equals(Instant.EPOCH) ? Instant.now() : wallTime;
    }

    @Override
    public void disconnected(Reason reason, Throwable cause) {
        troubles.add(reason + " " + cause.getMessage());
    }

    @Override
    public void connected() {
        troubles.add("connected");
    }

    @Override
    public Lease lease(Duration duration, Duration margin, long sentAt) {
        throw new AssertionError("no mode of this module has leases that run out");
    }

    @Override
    public Lease unlimitedLease() {
        return new Lease() {
            private volatile boolean over;

            @Override
            public void renewed(long sentAt) {
                throw new AssertionError("an unlimited lease is never renewed");
            }

            @Override
            public void end(Reason reason, @Nullable Throwable cause) {
                over = true;
            }

            @Override
            public boolean isValid() {
                return !over;
            }
        };
    }

    @Override
    public void close() {
        timer.shutdownNow();
        pool.shutdownNow();
    }
}
