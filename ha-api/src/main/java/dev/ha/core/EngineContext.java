package dev.ha.core;

import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Lease;
import dev.ha.spi.Option;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** What a backend is handed: the platform, its options, and the engine's ear. */
final class EngineContext implements BackendContext {
    /** The values of a backend's options. */
    @FunctionalInterface
    interface Values {
        /** As {@link BackendContext#get}. */
        <T> T get(Option<T> option);
    }

    private final Engine engine;
    private final Platform platform;
    private final Values values;
    private final String clusterId;
    private final LongConsumer renewals;
    private @Nullable String processId;

    EngineContext(Engine engine, Platform platform, Values values, String clusterId) {
        this.engine = engine;
        this.platform = platform;
        this.values = values;
        this.clusterId = clusterId;
        this.renewals = engine.observers()::renewed;
    }

    @Override
    public <T> T get(Option<T> option) {
        return values.get(option);
    }

    @Override
    public String clusterId() {
        return clusterId;
    }

    @Override
    public synchronized String processId() {
        String known = processId;
        if (known == null) {
            known = host() + "-" + ProcessHandle.current().pid() + "-"
                    + Long.toHexString(ThreadLocalRandom.current().nextLong());
            processId = known;
        }
        return known;
    }

    /** May ask a name server, hence at the first use and not when the services are built. */
    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            return "localhost";
        }
    }

    @Override
    public <T> CompletionStage<T> blocking(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            platform.io().execute(() -> {
                try {
                    result.complete(work.call());
                } catch (Throwable failure) {
                    result.completeExceptionally(failure);
                }
            });
        } catch (RejectedExecutionException closed) {
            result.completeExceptionally(closed);
        }
        return result;
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        return platform.schedule(delay, task);
    }

    @Override
    public long nanoTime() {
        return platform.nanoTime();
    }

    @Override
    public Instant wallTime() {
        return Instant.ofEpochMilli(platform.wallMillis());
    }

    @Override
    public void disconnected(Reason reason, Throwable cause) {
        engine.disconnected(reason, cause);
    }

    @Override
    public void connected() {
        engine.connected();
    }

    @Override
    public Lease lease(Duration duration, Duration margin, long sentAt) {
        LeaseDeadline lease = LeaseDeadline.of(platform, duration, margin, sentAt, renewals);
        engine.board().lease(lease);
        return lease;
    }

    @Override
    public Lease unlimitedLease() {
        return LeaseDeadline.unlimited(platform);
    }
}
