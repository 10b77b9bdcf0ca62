package dev.ha.cli;

import java.util.concurrent.TimeUnit;

/**
 * When a command must be asked to end and when it is killed, so that it is gone before its leader's lease is over.
 * Instants are those of {@link System#nanoTime()}, which on Linux is one clock for all processes of a machine.
 *
 * @param terminateAt unless the lease is renewed before
 * @param killAt at the latest, a little before the lease is over: being killed takes a moment
 */
record StopPlan(long terminateAt, long killAt) {
    /** How long a command may take to end that nobody waits for. */
    static final long GRACE = TimeUnit.SECONDS.toNanos(5);

    private static final long LONGEST_RESERVE = TimeUnit.SECONDS.toNanos(1);

    /**
     * For a lease that ends at {@code until}: a third of what is left is for the command to end by itself, a tenth for
     * the killing.
     */
    static StopPlan beforeEndOf(long until, long now) {
        long left = Math.max(0, until - now);
        return new StopPlan(until - Math.min(GRACE, left / 3), until - reserve(left));
    }

    /** The instant at which the command should be gone by the watchdog's doing, and whoever waits for that helps. */
    static long helpAt(long until, long now) {
        return until - reserve(Math.max(0, until - now)) / 2;
    }

    private static long reserve(long left) {
        return Math.min(LONGEST_RESERVE, left / 10);
    }

    static long earlier(long one, long other) {
        return one - other < 0 ? one : other;
    }
}
