package dev.ha.tck;

import java.time.Duration;

/**
 * Every duration of the TCK, in one place. They are patience, not speed: no test fails because something was slow, only because it did not happen within a time
 * that no sound backend needs. The system property {@value #FACTOR} stretches all of them on a slow machine.
 */
public final class TckTimeouts {
    /** Name of the system property that all waiting times are multiplied by. */
    public static final String FACTOR = "ha.tck.timeout.factor";

    private TckTimeouts() {}

    /** How long a test waits for what must happen at once, or as soon as somebody is notified. */
    public static Duration patience() {
        return scaled(Duration.ofSeconds(20), factor());
    }

    /** How long a test watches that something does not happen; never shortened. */
    public static Duration quiet() {
        return scaled(Duration.ofMillis(400), Math.max(1, factor()));
    }

    /**
     * A lease that can't run out while a test waits: what happens within {@link #patience()} was notified and did not expire.
     */
    public static Duration longLease() {
        return scaled(Duration.ofSeconds(40), Math.max(1, factor()));
    }

    /** How long a call may take before the TCK takes it for blocked for ever. */
    public static Duration blocked() {
        return scaled(Duration.ofSeconds(40), factor());
    }

    /** How long servers may need, after they were started or stopped or cut off, to agree and to serve. */
    public static Duration servers() {
        return scaled(Duration.ofSeconds(60), factor());
    }

    /** How far apart the ends of two handles may be when an administrator removed the lock (rule 1.7). */
    public static Duration overrideOverlap() {
        return scaled(Duration.ofSeconds(1), Math.max(1, factor()));
    }

    private static double factor() {
        String text = System.getProperty(FACTOR, "1");
        try {
            double factor = Double.parseDouble(text);
            if (factor > 0) {
                return factor;
            }
        } catch (NumberFormatException reportedBelow) {
            // Falls through: every bad value is one error.
        }
        throw new IllegalArgumentException(
                "system property " + FACTOR + " must be a number above 0, not '" + text + "'");
    }

    private static Duration scaled(Duration duration, double factor) {
        return Duration.ofMillis(Math.round(duration.toMillis() * factor));
    }
}
