package dev.ha.core;

import dev.ha.Leadership;
import dev.ha.core.store.StoreEnvironment;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.store.EntryStore;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/** What the stores of one election get from the engine. */
final class StoreAccess implements StoreEnvironment {
    private final Engine engine;
    private final FencedEntries entries;

    StoreAccess(Engine engine, String election) {
        this.engine = engine;
        this.entries = new FencedEntries(engine, election);
    }

    @Override
    public EntryStore entries() {
        return entries;
    }

    @Override
    public void check(Leadership leadership) {
        entries.check(leadership);
    }

    @Override
    public <T> CompletableFuture<T> blocking(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            engine.platform().io().execute(() -> {
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
    public <T> CompletionStage<T> user(CompletableFuture<T> inner) {
        return engine.user(inner);
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        return engine.platform().schedule(delay, task);
    }

    @Override
    public Instant wallTime() {
        return Instant.ofEpochMilli(engine.platform().wallMillis());
    }

    @Override
    public ListenerCalls listener() {
        return engine.listener();
    }
}
