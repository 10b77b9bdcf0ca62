package dev.ha.tck.support;

import dev.ha.Leadership;
import dev.ha.tck.TckTimeouts;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waiting for what another thread or a server does. */
public final class Waiting {
    /** What may fail while it is looked at. */
    public interface Condition {
        /** Whether that is so now. */
        boolean holds() throws Exception;
    }

    private Waiting() {}

    /** How long a test waits for what takes a lease at most. */
    public static Duration patience() {
        return TckTimeouts.patience().multipliedBy(3);
    }

    /** Waits at most {@link #patience()}; {@code what} is asked for only when that was in vain. */
    public static void until(Condition condition, Supplier<String> what) throws InterruptedException {
        until(condition, what, patience());
    }

    /** As {@link #until(Condition, Supplier)}, for {@code patience} at most. */
    public static void until(Condition condition, Supplier<String> what, Duration patience)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        Throwable last = null;
        while (System.nanoTime() < deadline) {
            try {
                if (condition.holds()) {
                    return;
                }
            } catch (InterruptedException interrupted) {
                throw interrupted;
            } catch (Exception notYet) {
                last = notYet;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        throw new AssertionError("waited in vain for " + what.get(), last);
    }

    /** How long after {@code since}, in {@link System#nanoTime}, {@code leadership} was last seen valid; waits for its end. Only a handle that is valid for too long makes it long, no slow machine. */
    public static Duration validFor(Leadership leadership, long since) throws InterruptedException {
        AtomicLong last = new AtomicLong(since);
        until(
                () -> {
                    long before = System.nanoTime();
                    boolean ended = !leadership.isValid();
                    if (!ended) {
                        last.set(before);
                    }
                    return ended;
                },
                () -> "the end of " + leadership);
        return Duration.ofNanos(last.get() - since);
    }

    /** {@code value}, which came in time if it is not null. */
    public static <T> T present(@Nullable T value, String otherwise) {
        if (value == null) {
            throw new AssertionError(otherwise + " within " + patience());
        }
        return value;
    }
}
