package dev.ha.core.alert;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.Reason;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChange.Gap;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Tells real changes of the leader from broken links. Neither thread nor clock of its own: told what a follower is told, and when, by the monotonic clock
 * (which decides) and the wall clock (which is shown). Calls must be serial, and their {@code now} must not fall.
 *
 * <p>A leader <em>counts</em> when its token is larger than that of the last one that counted, or when it comes with {@link Reason#HISTORY_RESET}. The
 * same session again is the same leader again. Anything else is stale, or a record that somebody has tampered with, and changes nothing (rule 10.5).
 */
final class LeaderChanges {
    private final String election;
    private final String component;
    private final long grace;

    /** The last that counted, and when it was last seen if it is not now. */
    private @Nullable Leader known;

    private @Nullable Instant lastSeen;

    /** What was told last: {@link Gap#DIRECT} while the known leader leads. */
    private Gap gap = Gap.UNKNOWN;

    private Reason reason = Reason.INITIAL;
    /** Since when no leader is known, and since when for certain there is none. */
    private long goneSince;

    private long noneSince;
    /** Of which kind the last LOST of this gap was; {@link Gap#DIRECT}: there was none. */
    private Gap lost = Gap.DIRECT;

    /** Nothing has been heard yet at {@code now}. */
    LeaderChanges(String election, String component, Duration grace, long now) {
        this.election = election;
        this.component = component;
        this.grace = grace.toNanos();
        this.goneSince = now;
    }

    /** The follower is told {@code information}. */
    Optional<LeaderChange> told(LeaderInformation information, long now, Instant wall) {
        if (information instanceof Leader leader) {
            return leader(leader, now, wall);
        }
        if (gap == Gap.DIRECT) {
            goneSince = now;
            lastSeen = wall;
        }
        Gap next = information instanceof None ? Gap.LEADERLESS : Gap.UNKNOWN;
        if (next == Gap.LEADERLESS && gap != Gap.LEADERLESS) {
            noneSince = now;
        }
        gap = next;
        reason = information.reason();
        return Optional.empty();
    }

    private Optional<LeaderChange> leader(Leader leader, long now, Instant wall) {
        Leader before = known;
        boolean reset = leader.reason() == Reason.HISTORY_RESET;
        boolean again = before != null && isSameGrant(before, leader);
        boolean counts = before == null || reset || leader.fencingToken() > before.fencingToken();
        if (again ? gap == Gap.DIRECT : !counts) {
            return Optional.empty();
        }
        LeaderChange.Type type = typeOf(before, leader, again, reset);
        Optional<LeaderChange> change = type == LeaderChange.Type.RESTORED && lost == Gap.DIRECT
                ? Optional.empty() // shorter than the grace time: nobody was told that it was gone
                : Optional.of(
                        change(type, Optional.of(leader), gap == Gap.DIRECT ? leader.reason() : reason, now, wall));
        known = again && !reset ? before : leader;
        gap = Gap.DIRECT;
        lost = Gap.DIRECT;
        return change;
    }

    private static boolean isSameGrant(Leader one, Leader other) {
        return one.fencingToken() == other.fencingToken()
                && one.sessionId().equals(other.sessionId())
                && one.historyId().equals(other.historyId());
    }

    private static LeaderChange.Type typeOf(@Nullable Leader before, Leader leader, boolean again, boolean reset) {
        if (reset || (before != null && !before.historyId().equals(leader.historyId()))) {
            return LeaderChange.Type.HISTORY_RESET;
        } else if (before == null) {
            return LeaderChange.Type.ELECTED;
        } else if (again) {
            return LeaderChange.Type.RESTORED;
        }
        return before.address().equals(leader.address()) ? LeaderChange.Type.RE_ELECTED : LeaderChange.Type.SWITCHED;
    }

    /** When {@link #elapsed} has to be called unless something is told before, by the monotonic clock. */
    OptionalLong deadline() {
        if (gap == Gap.UNKNOWN && lost == Gap.DIRECT) {
            return OptionalLong.of(goneSince + grace);
        }
        return gap == Gap.LEADERLESS && lost != Gap.LEADERLESS
                ? OptionalLong.of(noneSince + grace)
                : OptionalLong.empty();
    }

    /** Time has passed. */
    Optional<LeaderChange> elapsed(long now, Instant wall) {
        OptionalLong deadline = deadline();
        if (deadline.isEmpty() || now - deadline.getAsLong() < 0) {
            return Optional.empty();
        }
        lost = gap;
        return Optional.of(change(LeaderChange.Type.LOST, Optional.empty(), reason, now, wall));
    }

    private LeaderChange change(LeaderChange.Type type, Optional<Leader> leader, Reason why, long now, Instant wall) {
        Instant seen = gap == Gap.DIRECT ? wall : lastSeen;
        return new LeaderChange(
                type,
                election,
                component,
                Optional.ofNullable(known),
                known == null ? Optional.empty() : Optional.ofNullable(seen),
                leader,
                wall,
                gap == Gap.DIRECT ? Duration.ZERO : Duration.ofNanos(now - goneSince),
                gap,
                why);
    }
}
