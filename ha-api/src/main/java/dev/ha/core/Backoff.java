package dev.ha.core;

import java.time.Duration;

/** Doubling waits from a first to a longest one, each up to a fifth shorter, so that many who failed together don't come back together. */
public final class Backoff {
    private static final int MAX_DOUBLINGS = 30;
    private final Platform platform;
    private final Duration first;
    private final Duration longest;
    private int failures;

    /** Waits from {@code first} to {@code longest}, shortened by chance of {@code platform}. */
    public Backoff(Platform platform, Duration first, Duration longest) {
        this.platform = platform;
        this.first = first;
        this.longest = longest.compareTo(first) < 0 ? first : longest;
    }

    /** The wait after one more failure. */
    public Duration next() {
        double nanos = (double) first.toNanos() * (1L << Math.min(failures++, MAX_DOUBLINGS));
        long capped = (long) Math.min(nanos, (double) longest.toNanos());
        return Duration.ofNanos(capped - capped / 1000 * platform.random(200));
    }

    /** True before the first failure. */
    boolean isFresh() {
        return failures == 0;
    }

    /** It went well: the next wait is the first one again. */
    void reset() {
        failures = 0;
    }

    /** Counts a failure that need not wait. */
    void count() {
        failures++;
    }
}
