package dev.ha.tck;

/**
 * How often the TCK repeats what may go wrong once in a hundred times, in one place. The defaults are for every build; who
 * wants to know more sets the system properties.
 */
public final class TckRounds {
    /** Name of the system property with the number of leaders that are killed while they dispatch jobs; 3 by default. */
    public static final String FAILOVERS = "ha.tck.failovers";

    /** Name of the system property with the number of leaders whose late writes are tried; 10 by default. */
    public static final String SUPERSEDED = "ha.tck.superseded";

    /** Name of the system property with the number of writes in the middle of which writers are killed; 1000 by default. */
    public static final String WRITES = "ha.tck.writes";

    /** Name of the system property with the number of messages of a write at each of which it is held back, and then at every doubling; 3 by default. */
    public static final String HELD = "ha.tck.held";

    private TckRounds() {}

    /** Leaders that are killed while they dispatch jobs. */
    public static int failovers() {
        return read(FAILOVERS, 3);
    }

    /** Leaders whose late writes are tried. */
    public static int superseded() {
        return read(SUPERSEDED, 10);
    }

    /** Writes in the middle of which writers are killed. */
    public static int writes() {
        return read(WRITES, 1000);
    }

    /** Messages of a write at each of which it is held back; behind those, at every doubling. */
    public static int held() {
        return read(HELD, 3);
    }

    private static int read(String property, int normal) {
        String text = System.getProperty(property, Integer.toString(normal));
        try {
            int number = Integer.parseInt(text);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException reportedBelow) {
            // Falls through: every bad value is one error.
        }
        throw new IllegalArgumentException(
                "system property " + property + " must be a number above 0, not '" + text + "'");
    }
}
