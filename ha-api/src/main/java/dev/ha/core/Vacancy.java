package dev.ha.core;

import dev.ha.spi.ElectionState;
import dev.ha.spi.LeaderRecord;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How long there was no leader, as the followers of this process saw it. Guarded by the lock of its watch. */
final class Vacancy {
    private final Engine engine;
    private final String election;
    /** The last leader that was seen. */
    private @Nullable UUID former;
    /** Since when it is known not to lead. */
    private @Nullable Long goneSince;
    /** Since when certainly nobody leads. */
    private @Nullable Long emptySince;

    Vacancy(Engine engine, String election) {
        this.engine = engine;
        this.election = election;
    }

    void seen(ElectionState state) {
        long now = engine.platform().nanoTime();
        Optional<UUID> leader = leader(state);
        if (former != null && goneSince == null && leader.filter(former::equals).isEmpty()) {
            goneSince = Math.min(now, engine.endedHere(election, former).orElse(now));
        }
        if (leader.isPresent()) {
            filled(leader.get(), now);
        } else if (emptySince == null) {
            emptySince = now;
        }
    }

    private void filled(UUID leader, long now) {
        Long empty = emptySince;
        if (empty != null) {
            Duration time = Duration.ofNanos(now - empty);
            engine.observers().tell(observer -> observer.leaderless(election, time));
        }
        Long gone = goneSince;
        if (gone != null && !leader.equals(former)) {
            Duration gap = Duration.ofNanos(now - gone);
            engine.observers().tell(observer -> observer.handedOver(election, gap));
        }
        former = leader;
        goneSince = null;
        emptySince = null;
    }

    /** The session of whoever holds the lock and has confirmed under it; all components of an election have the same. */
    private static Optional<UUID> leader(ElectionState state) {
        return state.records().values().stream()
                .filter(record -> state.holderToken() != 0 && record.fencingToken() == state.holderToken())
                .map(LeaderRecord::sessionId)
                .findFirst();
    }
}
