package dev.ha.standalone;

import dev.ha.spi.BackendContext;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Runs one step on the I/O pool whenever somebody has asked for it since it last began; never twice at once, so that the step needs no lock. */
final class Loop {
    private final BackendContext context;
    private final Runnable step;
    private final AtomicInteger asked = new AtomicInteger();
    /** The step's own, as what follows. */
    private BackendContext.@Nullable Timer timer;

    private Duration timerDelay = Duration.ZERO;

    /** {@code step} throws nothing. */
    Loop(BackendContext context, Runnable step) {
        this.context = context;
        this.step = step;
    }

    /** The step runs, or runs once more. */
    void kick() {
        if (asked.getAndIncrement() == 0) {
            CompletionStage<Void> unused = context.blocking(() -> {
                run();
                return null;
            });
        }
    }

    private void run() {
        int seen;
        do {
            seen = asked.get();
            cancelTimer();
            step.run();
        } while (!asked.compareAndSet(seen, 0));
    }

    /** Kicks after {@code delay}, unless it is kicked before; of several delays the shortest counts. Called by the step itself. */
    void kickIn(Duration delay) {
        if (timer == null || delay.compareTo(timerDelay) < 0) {
            cancelTimer();
            timer = context.schedule(delay, this::kick);
            timerDelay = delay;
        }
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.close();
            timer = null;
        }
    }
}
