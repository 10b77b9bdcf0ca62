package dev.ha.etcd;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Runs what blocks for channels, which is looking names up and parts of TLS: one thing at a time for each server. A lookup may hang for as long as the operating system
 * likes, and each new channel begins another one; threads would pile up. Thread-safe.
 */
final class Lookups {
    private final Executor pool;
    private final Map<Endpoint, Deque<Work>> waiting = new HashMap<>();
    private final Set<Endpoint> busy = new HashSet<>();

    Lookups(Executor pool) {
        this.pool = pool;
    }

    private record Work(Share share, Runnable task) {}

    /** Of one channel. */
    final class Share implements Executor {
        private final Endpoint server;

        private Share(Endpoint server) {
            this.server = server;
        }

        @Override
        public void execute(Runnable task) {
            synchronized (Lookups.this) {
                waiting.computeIfAbsent(server, none -> new ArrayDeque<>()).add(new Work(this, task));
            }
            next(server);
        }

        /** Nobody waits for its work any more; what has not begun never does. */
        void close() {
            synchronized (Lookups.this) {
                Deque<Work> queue = waiting.get(server);
                if (queue != null) {
                    queue.removeIf(work -> work.share == this);
                }
            }
        }
    }

    /** For one channel to {@code server}. */
    Share share(Endpoint server) {
        return new Share(server);
    }

    private void next(Endpoint server) {
        Work first = begin(server);
        if (first == null) {
            return;
        }
        pool.execute(() -> {
            try {
                first.task.run();
            } finally {
                synchronized (this) {
                    busy.remove(server);
                }
                next(server);
            }
        });
    }

    private synchronized @Nullable Work begin(Endpoint server) {
        Deque<Work> queue = waiting.get(server);
        if (queue == null || queue.isEmpty() || !busy.add(server)) {
            return null;
        }
        return queue.remove();
    }
}
