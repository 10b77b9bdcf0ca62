package dev.ha.spi;

import java.util.concurrent.TimeUnit;

/**
 * An instant by both clocks. The monotonic one stands still while a machine is suspended, the wall clock does not (SAFETY 2). For what was sent before a lease
 * exists: once it does, the lease itself looks for suspensions.
 *
 * @param nanoTime by the monotonic clock
 * @param wallOffset milliseconds by which the wall clock was ahead of it
 */
public record Moment(long nanoTime, long wallOffset) {
    /** This instant. */
    public static Moment now(BackendContext context) {
        long nanos = context.nanoTime();
        return new Moment(nanos, context.wallTime().toEpochMilli() - TimeUnit.NANOSECONDS.toMillis(nanos));
    }

    /**
     * When this was, by the monotonic clock, if it had gone on during suspensions between this and {@code now}. A step of the wall clock forwards makes it
     * earlier than it was, never later.
     */
    public long nanoTimeSeenFrom(Moment now) {
        return nanoTime - TimeUnit.MILLISECONDS.toNanos(Math.max(0, now.wallOffset - wallOffset));
    }
}
