package dev.ha.core;

import dev.ha.core.store.StoreEnvironment.ListenerCalls;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The calls to one listener of a store. */
final class StoreListener implements ListenerCalls {
    private static final Logger LOG = LoggerFactory.getLogger(StoreListener.class);

    private final Engine engine;
    private final Pump pump;
    private final CompletableFuture<Void> idle = new CompletableFuture<>(); // no call runs, and none will start

    // Guarded by this.
    private final Queue<Runnable> calls = new ArrayDeque<>();
    private boolean muted;
    private boolean calling;

    StoreListener(Engine engine) {
        this.engine = engine;
        this.pump = new Pump(engine.platform().callbacks(), engine, this::next);
    }

    @Override
    public void add(Runnable call) {
        synchronized (this) {
            calls.add(call);
        }
        pump.signal();
    }

    private synchronized @Nullable Runnable next() {
        Runnable call = muted ? null : calls.poll();
        if (call == null) {
            return null;
        }
        calling = true;
        return () -> run(call);
    }

    private void run(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error failure) {
            LOG.error("A listener of a store threw", failure);
        } finally {
            returned();
        }
    }

    private synchronized void returned() {
        calling = false;
        if (muted) {
            idle.complete(null);
        }
    }

    /** No call starts from now on (rule 3.2). Done when the last one has returned. */
    CompletableFuture<Void> mute() {
        synchronized (this) {
            muted = true;
            calls.clear();
            if (!calling) {
                idle.complete(null);
            }
        }
        return idle;
    }

    @Override
    public void close() {
        engine.retired(this);
        engine.await(mute());
    }
}
