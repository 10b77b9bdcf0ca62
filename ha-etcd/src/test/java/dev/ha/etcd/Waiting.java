package dev.ha.etcd;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waiting for what another thread or a server does. */
final class Waiting {
    static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("patience", 30));

    /** What may fail while it is looked at. */
    interface Condition {
        boolean holds() throws Exception;
    }

    private Waiting() {}

    static void until(Condition condition, Supplier<String> what) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
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

    static <T> T present(@Nullable T value, String otherwise) {
        if (value == null) {
            throw new AssertionError(otherwise + " within " + PATIENCE);
        }
        return value;
    }
}
