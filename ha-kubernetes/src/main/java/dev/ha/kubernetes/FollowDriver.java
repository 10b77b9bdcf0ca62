package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.RecordText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Who follows one election: tells what is observed, once it has been read since the last trouble (rule 5.6). State on the loop only. */
final class FollowDriver implements LeaderRetrievalDriver, Observation.Listener {
    private final Following following;
    private final Session session;
    private @Nullable Observation observation;
    /** Reads that wait for a sign of life. */
    private final List<CompletableFuture<Void>> observing = new ArrayList<>();

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
            unknown(trouble);
        }
    }

    @Override
    public void unknown(UnavailableException trouble) {
        following.unknown(trouble.reason(), trouble);
    }

    @Override
    public void changed() {
        Observation present = observation;
        if (present != null && isObserved(present)) {
            List<CompletableFuture<Void>> served = List.copyOf(observing);
            observing.clear();
            served.forEach(each -> each.complete(null));
        }
        if (present != null && session.leases().isFresh() && !present.isDoubtful()) {
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
                    .readShared(present)
                    .thenCompose(lock -> isObserved(present)
                            ? CompletableFuture.completedFuture(lock)
                            : observe().thenCompose(observed -> session.leases().readShared(present)))
                    .thenApply(lock -> state(present))
                    .exceptionallyCompose(failure -> CompletableFuture.failedFuture(Failures.ofRead(failure, act)));
        });
    }

    /**
     * One look can't tell whether a holder is alive: who has only been found, with something published, is observed until it writes, or has been silent for as
     * long as it may (SAFETY K5).
     */
    private static boolean isObserved(Observation present) {
        return !present.isOnlyFound() || present.isExpired();
    }

    private CompletableFuture<Void> observe() {
        CompletableFuture<Void> observed = new CompletableFuture<>();
        observing.add(observed);
        return observed;
    }

    @Override
    public CompletionStage<Void> close() {
        return session.loop().submit(() -> {
            closed = true;
            if (observation != null) {
                session.leases().leave(observation, this);
                observation = null;
            }
            observing.forEach(each -> each.completeExceptionally(
                    session.notReachable("observing election " + following.election() + ", closed meanwhile")));
            observing.clear();
            return CompletableFuture.completedFuture(null);
        });
    }
}
