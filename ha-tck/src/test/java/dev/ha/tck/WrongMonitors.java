package dev.ha.tck;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderRetrievalService;
import dev.ha.Reason;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChange.Gap;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Monitors as they are written in an afternoon. Each breaks one rule of chapter 10. */
final class WrongMonitors {
    private WrongMonitors() {}

    /** Makes a monitor, as {@link HighAvailabilityFixture#monitor} does. */
    interface Maker {
        AutoCloseable make(LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts);
    }

    /** Whether a leader that is told after {@code before} and right after {@code previous} is news. */
    private interface Judge {
        boolean isNews(Leader before, Leader leader, LeaderInformation previous);
    }

    private static AutoCloseable naive(LeaderRetrievalService follower, Consumer<LeaderChange> alerts, Judge judge) {
        @Nullable LeaderInformation[] previous = new LeaderInformation[1];
        @Nullable Leader[] before = new Leader[1];
        follower.start(information -> {
            if (information instanceof Leader leader) {
                Leader old = before[0];
                LeaderInformation last = previous[0];
                if (old == null) {
                    alerts.accept(change(LeaderChange.Type.ELECTED, null, leader));
                } else if (last != null && judge.isNews(old, leader, last)) {
                    boolean same = old.address().equals(leader.address());
                    alerts.accept(
                            change(same ? LeaderChange.Type.RE_ELECTED : LeaderChange.Type.SWITCHED, old, leader));
                }
                before[0] = leader;
            }
            previous[0] = information;
        });
        return follower;
    }

    private static LeaderChange change(LeaderChange.Type type, @Nullable Leader old, Leader leader) {
        return new LeaderChange(
                type,
                Scenario.ELECTION,
                "leader",
                Optional.ofNullable(old),
                Optional.empty(),
                Optional.of(leader),
                Instant.EPOCH,
                Duration.ZERO,
                Gap.DIRECT,
                Reason.CONFIRMED);
    }

    /** Rule 10.1: an address is all it compares. */
    static AutoCloseable comparesAddresses(
            LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return naive(follower, alerts, (before, leader, previous) -> !before.address()
                .equals(leader.address()));
    }

    /** Rule 10.2: whoever appears after nobody is new. */
    static AutoCloseable alertsOnEveryFlap(
            LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return naive(
                follower,
                alerts,
                (before, leader, previous) -> !(previous instanceof Leader same) || !same.sameAs(leader));
    }

    /** Rule 10.3: a leader has to be gone before there can be another one. */
    static AutoCloseable waitsForNone(LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return naive(
                follower, alerts, (before, leader, previous) -> previous instanceof None && !before.sameAs(leader));
    }

    /** Rule 10.4: who can't be asked is gone. */
    static AutoCloseable takesSilenceForAbsence(
            LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return HighAvailabilityFixture.rightMonitor(
                follower,
                grace,
                change -> alerts.accept(new LeaderChange(
                        change.type(),
                        change.election(),
                        change.component(),
                        change.oldLeader(),
                        change.oldLastSeen(),
                        change.newLeader(),
                        change.at(),
                        change.leaderless(),
                        Gap.LEADERLESS,
                        change.reason())));
    }

    /** Rule 10.5: another session is another leader, whatever its token. */
    static AutoCloseable believesWhatIsStale(
            LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return naive(follower, alerts, (before, leader, previous) -> !before.sessionId()
                .equals(leader.sessionId()));
    }

    /** Rule 10.6: tokens never fall. */
    static AutoCloseable missesResets(LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return HighAvailabilityFixture.rightMonitor(follower, grace, change -> {
            if (change.type() != LeaderChange.Type.HISTORY_RESET) {
                alerts.accept(change);
            }
        });
    }
}
