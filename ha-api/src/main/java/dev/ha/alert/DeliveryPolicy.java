package dev.ha.alert;

import java.time.Duration;

/**
 * How alerts get to a sink, each of which has a queue and a thread of its own. Immutable.
 *
 * @param capacity how many alerts may wait for one sink; one more drops the oldest, as the newest tells how things are
 * @param firstWait before the second try of an alert that should be tried again; doubles from try to try, each up to a
 *     fifth shorter at random
 * @param longestWait to which it grows; a sink that names a time to wait may ask for more
 * @param giveUpAfter age at which an alert is not tried again; it is tried once in any case
 * @param closeTimeout how long {@link LeaderChangeMonitor#close()} waits for what is queued
 */
public record DeliveryPolicy(
        int capacity, Duration firstWait, Duration longestWait, Duration giveUpAfter, Duration closeTimeout) {
    private static final Duration LONGEST = Duration.ofDays(365);

    /** 100 alerts, tried again after 0.5 s and then up to every 15 s for 10 minutes; 5 s for closing. */
    public static final DeliveryPolicy DEFAULT = new DeliveryPolicy(
            100, Duration.ofMillis(500), Duration.ofSeconds(15), Duration.ofMinutes(10), Duration.ofSeconds(5));

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the capacity is below 1, a wait not positive, or a time negative or longer
     *     than a year
     */
    public DeliveryPolicy {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity = " + capacity + ": must be 1 or more");
        }
        check("firstWait", firstWait, Duration.ofMillis(1));
        check("longestWait", longestWait, firstWait);
        check("giveUpAfter", giveUpAfter, Duration.ZERO);
        check("closeTimeout", closeTimeout, Duration.ZERO);
    }

    private static void check(String name, Duration value, Duration least) {
        if (value.compareTo(least) < 0 || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + " = " + value + ": must be from " + least + " to " + LONGEST);
        }
    }

    /** The same with another capacity. */
    public DeliveryPolicy withCapacity(int capacity) {
        return new DeliveryPolicy(capacity, firstWait, longestWait, giveUpAfter, closeTimeout);
    }

    /** The same with other waits. */
    public DeliveryPolicy withWaits(Duration firstWait, Duration longestWait) {
        return new DeliveryPolicy(capacity, firstWait, longestWait, giveUpAfter, closeTimeout);
    }

    /** The same with another age at which an alert is given up. */
    public DeliveryPolicy withGiveUpAfter(Duration giveUpAfter) {
        return new DeliveryPolicy(capacity, firstWait, longestWait, giveUpAfter, closeTimeout);
    }

    /** The same with another time for closing. */
    public DeliveryPolicy withCloseTimeout(Duration closeTimeout) {
        return new DeliveryPolicy(capacity, firstWait, longestWait, giveUpAfter, closeTimeout);
    }
}
