package dev.ha.kubernetes;

import java.util.ArrayDeque;
import java.util.Deque;

/** Requests that wait for each other and for no others: so many are under way at once, in the order in which they were asked for. On the loop only. */
final class Lane {
    private final int width;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private int running;
    private boolean starting;

    Lane(int width) {
        this.width = width;
    }

    /** Runs {@code start} when it is its turn; whatever comes of it, {@link #done} must follow. */
    void add(Runnable start) {
        waiting.add(start);
        next();
    }

    /** One is not under way any more. */
    void done() {
        running--;
        next();
    }

    private void next() {
        if (starting) {
            return; // the loop below goes on
        }
        starting = true;
        try {
            while (running < width && !waiting.isEmpty()) {
                running++;
                waiting.remove().run();
            }
        } finally {
            starting = false;
        }
    }
}
