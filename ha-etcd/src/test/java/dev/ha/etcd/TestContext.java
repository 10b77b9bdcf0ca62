package dev.ha.etcd;

import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Lease;
import dev.ha.spi.Option;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What a session of this backend lives in, without an engine: remembers what it is told, and its wall clock can be set. */
final class TestContext implements BackendContext, AutoCloseable {
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "test-timer"));
    private final ExecutorService pool = Executors.newCachedThreadPool(task -> daemon(task, "test-pool"));
    private final AtomicLong wallOffset = new AtomicLong();
    /** Each trouble with its reason, and each end of all of them. */
    final List<String> told = new CopyOnWriteArrayList<>();

    final List<TestLease> leases = new CopyOnWriteArrayList<>();

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Settings for servers at {@code endpoints}, with nothing else out of the ordinary. */
    static Settings settings(String endpoints, Duration ttl, Optional<Settings.Tls> tls) {
        return new Settings(
                List.of(endpoints.split(",", -1)).stream().map(Endpoint::of).toList(),
                "/ha",
                ttl,
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                Optional.empty(),
                tls);
    }

    /** As if the machine had been suspended for that long. */
    void suspended(Duration time) {
        wallOffset.addAndGet(time.toMillis());
    }

    @Override
    public <T> T get(Option<T> option) {
        throw new UnsupportedOperationException(option.key());
    }

    @Override
    public String clusterId() {
        return "test";
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
            } catch (Throwable failure) {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        Future<?> scheduled = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    @Override
    public long nanoTime() {
        return Math.max(0, System.nanoTime());
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
        told.add("connected");
    }

    @Override
    public Lease lease(Duration duration, Duration margin, long sentAt) {
        TestLease lease = new TestLease(sentAt, duration.minus(margin));
        leases.add(lease);
        return lease;
    }

    @Override
    public Lease unlimitedLease() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        pool.shutdownNow();
    }

    /** A deadline without the engine's care for the wall clock. */
    final class TestLease implements Lease {
        private final Duration valid;
        private volatile long sentAt;
        private volatile boolean ended;

        TestLease(long sentAt, Duration valid) {
            this.sentAt = sentAt;
            this.valid = valid;
        }

        @Override
        public void renewed(long renewalSentAt) {
            sentAt = Math.max(sentAt, renewalSentAt);
        }

        @Override
        public void end(Reason reason, @Nullable Throwable cause) {
            ended = true;
        }

        @Override
        public boolean isValid() {
            return !ended && nanoTime() < sentAt + valid.toNanos();
        }
    }
}
