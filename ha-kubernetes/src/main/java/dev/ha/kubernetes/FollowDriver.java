package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.RecordText;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Who follows one election: tells what is observed, once it has been read since the last trouble (rule 5.6). State on the loop only. */
final class FollowDriver implements LeaderRetrievalDriver, Observation.Listener {
    private final Following following;
    private final Session session;
    private @Nullable Observation observation;
    private long revision;
    private boolean closed;

    FollowDriver(Following following, Session session) {
        this.following = following;
        this.session = session;
    }

    /** On the loop. */
    void start() {
        if (closed) {
            return;
        }
        observation = session.leases().join(following.election(), this);
        UnavailableException trouble = session.leases().trouble();
        if (trouble != null) {
            following.unknown(trouble.reason(), trouble);
        }
    }

    @Override
    public void changed() {
        Observation present = observation;
        if (present != null && session.leases().isFresh()) {
            following.seen(state(present));
        }
    }

    private ElectionState state(Observation present) {
        Lock lock = present.lock();
        if (lock == null) {
            return new ElectionState("", revision, 0, Map.of(), present.existed() ? Reason.VANISHED : Reason.INITIAL);
        }
        revision = lock.version();
        RecordText record = lock.record();
        if (!lock.isOfRecord()) {
            Reason left = record.candidate().isEmpty()
                    ? Reason.INITIAL
                    : record.released() ? Reason.RESIGNED : lock.isHeld() ? Reason.SUPERSEDED : Reason.REMOVED;
            return new ElectionState(lock.history(), revision, 0, Map.of(), left);
        }
        return present.isExpiryConfirmed()
                ? new ElectionState(lock.history(), revision, 0, Map.of(), Reason.EXPIRED)
                : new ElectionState(lock.history(), revision, record.token(), record.records(), Reason.CONFIRMED);
    }

    @Override
    public CompletionStage<ElectionState> read() {
        String act = "reading election " + following.election();
        return session.loop().submit(() -> {
            Observation present = observation;
            if (present == null) {
                return CompletableFuture.failedFuture(session.notReachable(act));
            }
            return session.leases()
                    .read(present)
                    .thenApply(lock -> state(present))
                    .exceptionallyCompose(failure -> CompletableFuture.failedFuture(Failures.ofRead(failure, act)));
        });
    }

    @Override
    public CompletionStage<Void> close() {
        return session.loop().submit(() -> {
            closed = true;
            if (observation != null) {
                session.leases().leave(observation, this);
                observation = null;
            }
            return CompletableFuture.completedFuture(null);
        });
    }
}
