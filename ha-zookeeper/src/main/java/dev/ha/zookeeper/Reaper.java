package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the candidates that were given up and are not known to be gone, and removes them until they are: nobody may queue behind them (SAFETY C1). As long as the
 * engine tries itself, it is left to that: the reaper's own requests are for what the engine has given up, and at most {@value #BATCH} in a round (rule 2.9).
 */
final class Reaper {
    private static final Duration ROUND = Duration.ofMillis(500);
    private static final int BATCH = 100;
    /** The engine closes a driver again within 2 s. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final BackendContext context;
    private final Map<String, Departure> orphans = new ConcurrentHashMap<>();
    private final Object lock = new Object();
    private @Nullable Timer next;
    private boolean closed;

    Reaper(BackendContext context) {
        this.context = context;
    }

    /** {@code candidate} was given up. */
    void add(Departure candidate) {
        orphans.put(candidate.nonce(), candidate);
        schedule();
    }

    /** {@code candidate} is gone. */
    void remove(Departure candidate) {
        orphans.remove(candidate.nonce());
    }

    /** How many are not known to be gone. */
    int count() {
        return orphans.size();
    }

    /** A list of candidates was seen: those of ours stand in somebody's way. */
    void seen(ElectionPaths paths, List<CandidateName> queue) {
        if (orphans.isEmpty()) {
            return;
        }
        for (CandidateName candidate : queue) {
            Departure orphan = orphans.get(candidate.nonce());
            if (orphan != null && orphan.paths().equals(paths)) {
                removeAgain(orphan);
            }
        }
    }

    /** Rounds go on while there is an orphan. */
    private void schedule() {
        synchronized (lock) {
            if (next == null && !closed) {
                next = context.schedule(ROUND, this::round);
            }
        }
    }

    private void round() {
        synchronized (lock) {
            next = null;
        }
        orphans.values().stream()
                .filter(orphan -> orphan.isForgotten(PATIENCE))
                .limit(BATCH)
                .forEach(Reaper::removeAgain);
        if (!orphans.isEmpty()) {
            schedule();
        }
    }

    private static void removeAgain(Departure orphan) {
        CompletableFuture<Void> unused = orphan.remove();
    }

    /** No round begins any more: what is left ends with its session. */
    void close() {
        synchronized (lock) {
            closed = true;
            if (next != null) {
                next.close();
            }
        }
    }
}
