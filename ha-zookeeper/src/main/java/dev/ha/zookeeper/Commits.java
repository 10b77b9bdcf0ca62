package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Moment;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The committed writes of a session, at once its renewals and its barriers: one in flight at a time; all who ask meanwhile share the next one. */
final class Commits {
    private final BackendContext context;
    private final Supplier<CompletableFuture<Void>> write;
    private final Consumer<Moment> committed;
    private final Object lock = new Object();
    private boolean writing;
    private @Nullable CompletableFuture<Void> next;

    /** {@code write} sends one; {@code committed} is told when one that was sent then was committed, before those who asked for it. */
    Commits(BackendContext context, Supplier<CompletableFuture<Void>> write, Consumer<Moment> committed) {
        this.context = context;
        this.write = write;
        this.committed = committed;
    }

    /** One that is sent after this call; done when it is committed. */
    CompletableFuture<Void> next() {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        synchronized (lock) {
            if (writing) {
                CompletableFuture<Void> shared = next;
                if (shared == null) {
                    next = mine;
                    shared = mine;
                }
                return shared;
            }
            writing = true;
        }
        send(mine);
        return mine;
    }

    boolean isInFlight() {
        synchronized (lock) {
            return writing;
        }
    }

    private void send(CompletableFuture<Void> done) {
        Moment sent = Moment.now(context);
        CompletableFuture<Void> unused = begin().thenRun(() -> committed.accept(sent))
                .whenComplete((nothing, failure) -> {
                    CompletableFuture<Void> waiting;
                    synchronized (lock) {
                        waiting = next;
                        next = null;
                        writing = waiting != null;
                    }
                    if (waiting != null) {
                        send(waiting);
                    }
                    if (failure == null) {
                        done.complete(null);
                    } else {
                        done.completeExceptionally(Failures.unwrap(failure));
                    }
                });
    }

    /** What throws instead fails as well: nobody waits for ever. */
    private CompletableFuture<Void> begin() {
        try {
            return write.get();
        } catch (RuntimeException | Error failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }
}
