package dev.ha.core;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A token bucket for new candidacies, so that losing all elections of a process at once does not become a storm of requests (rule 2.9). First
 * candidacies are not paced: whoever starts 10,000 elections wants them now.
 */
final class Pacer {
    /** Candidacies that may follow a mass loss at once. */
    static final int BURST = 500;
    /** Candidacies a second after the burst. */
    static final int PER_SECOND = 2_000;

    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1) / PER_SECOND;
    private long nextFree = Long.MIN_VALUE / 2;

    /** How long from {@code now} to wait for the place that this call takes. */
    synchronized Duration take(long now) {
        nextFree = Math.max(nextFree + INTERVAL_NANOS, now - BURST * INTERVAL_NANOS);
        return Duration.ofNanos(Math.max(0, nextFree - now));
    }
}
