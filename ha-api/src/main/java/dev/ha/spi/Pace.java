package dev.ha.spi;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before something is done again: not at all after a quiet time, then longer and longer, up to 5 s. Each wait but the first is shortened at
 * random, by up to a half, so that those who wait for the same thing do not come back together. Not thread-safe.
 */
public final class Pace {
    private static final Duration FIRST = Duration.ofMillis(50);
    private static final Duration LAST = Duration.ofSeconds(5);
    private static final Duration QUIET = LAST.multipliedBy(2);

    private Duration wait = Duration.ZERO;
    private long due = Long.MIN_VALUE;

    /** The first one does not wait. */
    public Pace() {}

    /** The wait of who asks at {@code now}. Whoever asks before that has passed shares it. */
    public Duration next(long now) {
        if (due == Long.MIN_VALUE || now - due > QUIET.toNanos()) {
            wait = Duration.ZERO;
        } else if (now - due >= 0) {
            Duration twice = wait.isZero() ? FIRST : wait.multipliedBy(2);
            wait = twice.compareTo(LAST) < 0 ? twice : LAST;
        } else {
            return Duration.ofNanos(due - now);
        }
        long most = wait.toNanos();
        long shortened = most - ThreadLocalRandom.current().nextLong(most / 2 + 1);
        due = now + shortened;
        return Duration.ofNanos(shortened);
    }
}
