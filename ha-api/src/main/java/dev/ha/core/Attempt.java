package dev.ha.core;

import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One candidacy, from {@code elect} until the backend has confirmed that it is gone. Its state is guarded by the lock of its election; drivers are called
 * one call at a time from the I/O pool.
 */
final class Attempt implements Candidacy, LeaseDeadline.Member {
    private static final Logger LOG = LoggerFactory.getLogger(Attempt.class);
    private static final Duration FIRST_CLOSE_WAIT = Duration.ofMillis(100);
    private static final Duration LONGEST_CLOSE_WAIT = Duration.ofSeconds(2);

    /** How far it has come. */
    enum Phase {
        /** In the queue. */
        WAITING,
        /** Holds the lock; handles are given out. */
        LEADING,
        /** Handles are invalid; contenders are being revoked; the lock is still ours. */
        ENDED,
        /** The driver is being closed: again and again, until done. */
        CLOSING,
        /** Not in the backend any more. */
        GONE
    }

    private final Election election;
    private final Engine engine;
    private final Pump.Tasks calls;
    private final Backoff closeBackoff;
    private final Set<LeaseDeadline> leases = new HashSet<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private final long startedAt;
    private Phase phase = Phase.WAITING;
    private @Nullable Term term;
    private @Nullable Publication publication;
    private Reason endReason = Reason.INITIAL;
    private long frozenNanos;
    private int actions;
    private volatile @Nullable LeaderElectionDriver driver;

    Attempt(Election election) {
        this.election = election;
        this.engine = election.engine();
        this.calls = new Pump.Tasks(engine.platform().io());
        this.closeBackoff = new Backoff(engine.platform(), FIRST_CLOSE_WAIT, LONGEST_CLOSE_WAIT);
        this.startedAt = engine.platform().nanoTime();
    }

    /** Asks the backend; called once. */
    void begin() {
        calls.add(() -> {
            try {
                driver = engine.backend().elect(this);
            } catch (RuntimeException | Error failure) {
                ended(Reason.CONNECTION_LOST, failure);
            }
        });
    }

    // ---- reports of the driver: any thread, any time ----

    @Override
    public String election() {
        return election.election();
    }

    @Override
    public void granted(Grant grant) {
        locked(() -> {
            if (phase != Phase.WAITING) {
                LOG.debug("Ignored a grant of {} that came when the candidacy was {}", election(), phase);
                return;
            }
            Term won = new Term(grant, this);
            if (!won.lease().isValid()) {
                end(Reason.EXPIRED, null); // a grant adopted late may be born invalid: release, don't grant (SAFETY C2)
                return;
            }
            term = won;
            phase = Phase.LEADING;
            publication = new Publication(engine, this, won);
            election.won(won);
            join(won.lease());
        });
    }

    @Override
    public void recordsSeen(Map<String, LeaderRecord> records) {
        Map<String, LeaderRecord> copy = Map.copyOf(records);
        locked(() -> {
            if (phase == Phase.LEADING && publication != null) {
                publication.seen(copy);
            }
        });
    }

    @Override
    public void joined(Lease lease) {
        locked(() -> join((LeaseDeadline) lease));
    }

    private void join(LeaseDeadline lease) {
        if (phase != Phase.GONE && leases.add(lease)) {
            lease.join(this);
        }
    }

    @Override
    public void ended(Reason reason, @Nullable Throwable cause) {
        locked(() -> end(reason, cause));
    }

    @Override
    public void leaseEnded(Reason reason, @Nullable Throwable cause) {
        ended(reason, cause);
    }

    // ---- the rest: under the lock of the election ----

    void locked(Runnable transition) {
        election.locked(transition);
    }

    /** Tells all contenders of the election. */
    void tell(HighAvailabilityException error) {
        election.tell(error);
    }

    Phase phase() {
        return phase;
    }

    @Nullable
    Term term() {
        return term;
    }

    /** Why it ended. */
    Reason endReason() {
        return endReason;
    }

    /** Nanoseconds since it began. */
    long age() {
        return engine.platform().nanoTime() - startedAt;
    }

    /** Completes when the backend has confirmed that this candidacy is gone. */
    CompletableFuture<Void> whenGone() {
        return gone;
    }

    /** What this candidacy has published; only while leading or stopping. */
    Publication publication() {
        Publication own = publication;
        if (own == null) {
            throw new IllegalStateException("not granted yet");
        }
        return own;
    }

    /**
     * Ends it for whatever reason: handles are invalid when this returns, contenders are revoked next, and the driver is closed when they have returned
     * or when the lease, frozen now, is over (SAFETY V1), also when the lease was ended before its time, as by a connection that was lost for a moment. Without effect when it has ended already.
     */
    void end(Reason reason, @Nullable Throwable cause) {
        if (phase != Phase.WAITING && phase != Phase.LEADING) {
            return;
        }
        boolean led = phase == Phase.LEADING;
        phase = Phase.ENDED;
        endReason = reason;
        Term over = term;
        frozenNanos = led && over != null ? over.lease().unusedNanos() : 0;
        if (publication != null) {
            publication.stop();
        }
        election.ended(this, reason, cause);
        if (frozenNanos > 0 && isBusy()) {
            Duration bound = engine.stopLimit(frozenNanos);
            engine.platform().schedule(bound, () -> locked(this::overrun));
        }
        settle();
    }

    /** A contender or action has returned, or closing has become urgent: closes the driver if nobody works under this term any more. */
    void settle() {
        if (phase == Phase.ENDED && (frozenNanos == 0 || !isBusy())) {
            startClosing();
        }
    }

    private boolean isBusy() {
        return actions > 0 || election.isBusy(this);
    }

    private void overrun() {
        if (phase == Phase.ENDED) {
            election.tellOverrun(this, actions);
            if (!engine.isExiting()) {
                startClosing();
            } // else the lock runs out or dies with the process; to release it now could let two work at once (SAFETY
            // V4)
        }
    }

    private void startClosing() {
        phase = Phase.CLOSING;
        closeDriver();
        watchLeases();
    }

    private void closeDriver() {
        if (phase != Phase.CLOSING) {
            return;
        }
        Stages.whenDone(
                this.<Void>call("close", LeaderElectionDriver::close),
                (done, failure) -> locked(() -> closed(failure)));
    }

    private void closed(@Nullable Throwable failure) {
        if (phase != Phase.CLOSING) {
            return;
        }
        if (failure == null || driver == null || isOverInBackend() || engine.isLeavingInOutage()) {
            nowGone();
        } else {
            LOG.debug("Releasing {} failed; it is tried again", election(), failure);
            if (failure instanceof UnavailableException refused
                    && refused.reason() == Reason.ACCESS_DENIED
                    && closeBackoff.isFresh()) {
                tell(refused); // of an outage everybody knows, of a right that is missing nobody
            }
            engine.platform().schedule(closeBackoff.next(), () -> locked(this::closeDriver));
        }
    }

    /** Also when the driver never answers, a candidacy is gone once the backend itself must have ended it (rule 2.7). */
    private void watchLeases() {
        engine.platform()
                .schedule(
                        LONGEST_CLOSE_WAIT,
                        () -> locked(() -> {
                            if (phase == Phase.CLOSING && (isOverInBackend() || engine.isLeavingInOutage())) {
                                nowGone();
                            } else if (phase == Phase.CLOSING) {
                                watchLeases();
                            }
                        }));
    }

    private void nowGone() {
        phase = Phase.GONE;
        leases.forEach(lease -> lease.leave(this));
        election.gone(this);
    }

    private boolean isOverInBackend() {
        return !leases.isEmpty() && leases.stream().allMatch(LeaseDeadline::isOverInBackend);
    }

    /** Registers a running action of this term; false when the term is over. */
    boolean enterAction() {
        if (phase != Phase.LEADING) {
            return false;
        }
        actions++;
        return true;
    }

    void leaveAction() {
        actions--;
        settle();
    }

    // ---- calls to the driver ----

    CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        return counted(call("publish", driver -> driver.publish(records)));
    }

    /** A fenced write: possible until the release is sent, also while contenders are being revoked (SAFETY V2). */
    CompletionStage<String> write(Term under, Change change) {
        if (phase != Phase.LEADING && phase != Phase.ENDED) {
            return counted(CompletableFuture.failedStage(new LeadershipLostException(
                    "the lock of " + election() + " with " + under + " has been released: nothing was written",
                    under.token(),
                    0)));
        }
        return counted(call("write", driver -> driver.write(change)));
    }

    /** Tells observers when {@code write} is refused for want of the leadership. */
    private <T> CompletionStage<T> counted(CompletionStage<T> write) {
        Stages.whenDone(write, (done, failure) -> {
            if (failure instanceof LeadershipLostException) {
                engine.observers().tell(observer -> observer.writeRefused(election()));
            }
        });
        return write;
    }

    private <T> CompletionStage<T> call(String act, Function<LeaderElectionDriver, CompletionStage<T>> request) {
        CompletableFuture<T> result = new CompletableFuture<>();
        calls.add(() -> {
            LeaderElectionDriver open = driver;
            if (open == null) {
                result.completeExceptionally(
                        new UnavailableException("the candidacy never began", Reason.CONNECTION_LOST, null));
                return;
            }
            Stages.whenDone(Stages.ask(() -> request.apply(open)), (value, failure) -> {
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(Stages.classify(failure, act + " of " + election()));
                }
            });
        });
        return result;
    }
}
