package dev.ha.tck;

import dev.ha.Leadership;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/** Asks all handles of this process, all the time, whether they are valid, and writes the answers down in a {@link Validity}. */
final class Handles implements AutoCloseable {
    private static final long PAUSE_NANOS = 200_000;

    private final Validity validity;
    private final List<Watched> watched = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closed;

    private record Watched(Leadership leadership, Validity.Grant grant) {
        void sample() {
            long before = System.nanoTime();
            boolean valid = leadership.isValid();
            grant.sampled(valid, before, System.nanoTime());
        }
    }

    Handles(Validity validity) {
        this.validity = validity;
        this.thread = new Thread(this::sampleAll, "tck-handles");
        thread.setDaemon(true);
        thread.start();
    }

    /** Watches the handle from now on; asks it for the first time here and now. */
    void watch(String contender, Leadership leadership) {
        Watched handle = new Watched(
                leadership,
                validity.granted(
                        contender,
                        leadership.election(),
                        leadership.sessionId(),
                        leadership.historyId(),
                        leadership.fencingToken()));
        handle.sample();
        watched.add(handle);
    }

    private void sampleAll() {
        while (!closed) {
            watched.forEach(Watched::sample);
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
