package dev.ha.cli;

import dev.ha.Leadership;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks a handle every millisecond whether it is valid, and tells each change: outside evidence for rules 1.1 and 1.3.
 * The clock is read before the handle is asked, so a sample that counts as following a pause does follow it.
 */
final class ValidityProbe implements AutoCloseable {
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(500);

    private final Consumer<Event> events;
    private final Thread thread = new Thread(this::sampleUntilClosed, "validity-probe");
    private volatile @Nullable Leadership newest;
    private volatile boolean closed;

    // Of the thread.
    private @Nullable Leadership known;
    private boolean wasValid;
    private long sampledAt;

    ValidityProbe(Consumer<Event> events) {
        this.events = events;
        thread.setDaemon(true);
    }

    /** From now on looks at {@code leadership}. Calls must be serial, as grants are. */
    void look(Leadership leadership) {
        boolean first = newest == null;
        newest = leadership;
        if (first) {
            thread.start();
        }
    }

    private void sampleUntilClosed() {
        sampledAt = System.nanoTime();
        boolean last;
        do {
            last = closed;
            sample();
            LockSupport.parkNanos(INTERVAL);
        } while (!last);
    }

    private void sample() {
        long now = System.nanoTime();
        boolean paused = now - sampledAt > PAUSE;
        sampledAt = now;
        Leadership leadership = newest;
        if (leadership != known) {
            look(known, false);
            known = leadership;
            wasValid = false;
        }
        look(known, paused);
    }

    private void look(@Nullable Leadership leadership, boolean paused) {
        if (leadership == null) {
            return;
        }
        boolean valid = leadership.isValid();
        if (valid && paused) {
            tell("stale-valid", leadership);
        }
        if (valid != wasValid) {
            wasValid = valid;
            tell(valid ? "valid" : "invalid", leadership);
        }
    }

    private void tell(String event, Leadership leadership) {
        events.accept(ElectContender.about(event, leadership.election(), leadership));
    }

    /** Looks once more, so that the end of the last handle is told, and stops. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
