package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Lease;
import dev.ha.spi.Option;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
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
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A context without an engine behind it: real clock, real threads, and nothing is asked of the backend but what the test asks. */
final class DirectContext implements BackendContext, AutoCloseable {
    private static final String PREFIX = "high-availability.zookeeper.";

    private final String cluster;
    private final Map<String, String> configuration = new HashMap<>();
    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    private final AtomicReference<@Nullable Hook> hook = new AtomicReference<>();
    private final List<Duration> pending = new CopyOnWriteArrayList<>();
    private final List<Boolean> news = new CopyOnWriteArrayList<>();

    /** {@code more} with keys below {@code high-availability.zookeeper.}. */
    DirectContext(String servers, String cluster, Map<String, String> more) {
        this.cluster = cluster;
        configuration.put(PREFIX + "quorum", servers);
        more.forEach((key, value) -> configuration.put(PREFIX + key, value));
        timer.setRemoveOnCancelPolicy(true);
    }

    private record Hook(Class<?> type, String method, Runnable act) {
        boolean isDue() {
            return StackWalker.getInstance()
                    .walk(frames ->
                            frames.anyMatch(frame -> frame.getClassName().equals(type.getName())
                                    && frame.getMethodName().equals(method)));
        }
    }

    /** Runs {@code act} before {@code method} of {@code type} sends its next request, which has a timeout. */
    void beforeRequestOf(Class<?> type, String method, Runnable act) {
        hook.set(new Hook(type, method, act));
    }

    /** How many tasks wait that were to wait for {@code delay}. */
    long pending(Duration delay) {
        return pending.stream().filter(delay::equals).count();
    }

    /** Whether the last thing heard is that the connection is in trouble. */
    boolean isInTrouble() {
        return !news.isEmpty() && !news.get(news.size() - 1);
    }

    /** How often it was heard that the connection is well. */
    long timesConnected() {
        return news.stream().filter(well -> well).count();
    }

    @Override
    public <T> T get(Option<T> option) {
        return option.read(PREFIX, configuration);
    }

    @Override
    public String clusterId() {
        return cluster;
    }

    @Override
    public String processId() {
        return "direct";
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
        return Instant.now();
    }

    @Override
    public void disconnected(Reason reason, Throwable cause) {
        news.add(false);
    }

    @Override
    public void connected() {
        news.add(true);
    }

    @Override
    public Lease lease(Duration duration, Duration margin, long sentAt) {
        long validNanos = duration.minus(margin).toNanos();
        return new Lease() {
            private long deadline = sentAt + validNanos;
            private boolean over;

            @Override
            public synchronized void renewed(long at) {
                if (!isValid()) {
                    over = true;
                }
                deadline = Math.max(deadline, at + validNanos);
            }

            @Override
            public synchronized void end(Reason reason, @Nullable Throwable cause) {
                over = true;
            }

            @Override
            public synchronized boolean isValid() {
                return !over && nanoTime() < deadline;
            }
        };
    }

    @Override
    public Lease unlimitedLease() {
        throw new AssertionError("every lease here has an end");
    }

    @Override
    public void close() {
        timer.shutdownNow();
        pool.shutdownNow();
    }
}
