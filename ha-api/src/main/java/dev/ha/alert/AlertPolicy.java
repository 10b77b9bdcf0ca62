package dev.ha.alert;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * Which changes alert, and when a leader counts as lost. Immutable.
 *
 * @param types that alert
 * @param grace how long no leader may be known before {@link LeaderChange.Type#LOST}; longer than a handover takes, from the end of
 *     one leader to the confirmation by the next
 */
public record AlertPolicy(Set<LeaderChange.Type> types, Duration grace) {
    private static final Duration LONGEST = Duration.ofDays(365);

    /**
     * SWITCHED, RE_ELECTED, LOST and HISTORY_RESET, with a grace time of 10 s. Not ELECTED and RESTORED, which are good
     * news.
     */
    public static final AlertPolicy DEFAULT = new AlertPolicy(
            EnumSet.of(
                    LeaderChange.Type.SWITCHED,
                    LeaderChange.Type.RE_ELECTED,
                    LeaderChange.Type.LOST,
                    LeaderChange.Type.HISTORY_RESET),
            Duration.ofSeconds(10));

    /**
     * Copies the set.
     *
     * @throws IllegalArgumentException if the grace time is negative or longer than a year
     */
    public AlertPolicy {
        types = Set.copyOf(types);
        if (grace.isNegative() || grace.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("grace = " + grace + ": must be from 0 to 365 days");
        }
    }

    /** The same with other types. */
    public AlertPolicy withTypes(Set<LeaderChange.Type> types) {
        return new AlertPolicy(types, grace);
    }

    /** The same with another grace time. */
    public AlertPolicy withGrace(Duration grace) {
        return new AlertPolicy(types, grace);
    }
}
