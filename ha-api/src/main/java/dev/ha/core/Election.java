package dev.ha.core;

import dev.ha.ContenderException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeaderElection;
import dev.ha.LeaderElectionService;
import dev.ha.ObservedElection;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.core.Attempt.Phase;
import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One lock in this process: its seats, and one candidacy at a time. All state of seats, candidacies and publications is guarded by {@code lock}; under it
 * nothing is called but the engine's own queues, timers and leases.
 */
final class Election implements LeaderElectionService, ObservedElection {
    private static final Logger LOG = LoggerFactory.getLogger(Election.class);
    private static final long HEALTHY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final UUID NO_SESSION = new UUID(0, 0);

    private final Engine engine;
    private final String name;
    private final CompletableFuture<Void> predecessor;
    private final Object lock = new Object();
    private final Map<String, Seat> seats = new LinkedHashMap<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Backoff trouble;
    private final Backoff selfInflicted;
    private @Nullable Attempt attempt;
    private @Nullable Timer next;
    private boolean handedOut;
    private boolean closing;
    private boolean retired;
    private boolean starting;
    private boolean waitingToRetire;
    private boolean contended;
    private volatile @Nullable Term leading;
    private volatile @Nullable End lastEnd;
    private long lastToken;
    private String lastHistory = "";

    private record End(UUID session, long at) {}

    /** {@code predecessor} completes when the former object of this name has left the backend: there is never more than one candidacy. */
    Election(Engine engine, String name, CompletableFuture<Void> predecessor) {
        this.engine = engine;
        this.name = name;
        this.predecessor = predecessor;
        EngineSettings settings = engine.settings();
        this.trouble = new Backoff(engine.platform(), settings.retryWait(), settings.maxRetryWait());
        this.selfInflicted = new Backoff(engine.platform(), settings.resignWait(), settings.maxRetryWait());
    }

    void locked(Runnable transition) {
        synchronized (lock) {
            transition.run();
        }
    }

    Engine engine() {
        return engine;
    }

    @Override
    public String election() {
        return name;
    }

    // ---- users ----

    @Override
    public LeaderElection component(String component) {
        Names.check("component", component);
        synchronized (lock) {
            if (closing) {
                throw new IllegalStateException("the election service " + name + " is closed");
            }
            return new Seat(engine, name, component, () -> this);
        }
    }

    /** Given to a user as an object: kept until it is closed. False if it has been closed or dropped already. */
    boolean handOut() {
        synchronized (lock) {
            if (closing || retired) {
                return false;
            }
            handedOut = true;
            return true;
        }
    }

    /** Completes when this object has left the backend, if it is leaving; null while it is open. */
    @Nullable
    CompletableFuture<Void> ifClosing() {
        synchronized (lock) {
            return closing || retired ? closed : null;
        }
    }

    @Override
    public void close() {
        engine.await(closeAsync());
        if (!Pump.insideCallbackOf(engine)) {
            mute();
        }
    }

    /** No callback starts from now on. */
    void mute() {
        synchronized (lock) {
            List.copyOf(seats.values()).forEach(Seat::mute);
        }
    }

    /** Closes all seats and the lock; every handle is invalid when this returns. */
    CompletableFuture<Void> closeAsync() {
        synchronized (lock) {
            if (!closing) {
                closing = true;
                List<Seat> leaving = List.copyOf(seats.values());
                leaving.forEach(Seat::beginClose);
                leaving.forEach(this::seatClosing);
                retireIfIdle();
            }
            return closed;
        }
    }

    // ---- seats; under the lock ----

    /** Takes a seat in; false if this object has been dropped and another one is in its place. */
    boolean enrol(Seat seat) {
        synchronized (lock) {
            if (retired && !closing) {
                return false;
            }
            if (closing) {
                throw new IllegalStateException("the election service " + name + " is closed");
            }
            Seat present = seats.get(seat.component());
            if (present != null) {
                throw new IllegalStateException("this process has a contender for component " + seat.component()
                        + " of election " + name + " already; it stays");
            }
            seats.put(seat.component(), seat);
            if (!contended) {
                contended = true;
                engine.observers().contending(this);
            }
            Term term = leadingTerm();
            if (term != null) {
                seat.offer(term);
            } else {
                beginIfDue(Duration.ZERO);
            }
            return true;
        }
    }

    private @Nullable Term leadingTerm() {
        return attempt != null && attempt.phase() == Phase.LEADING ? attempt.term() : null;
    }

    /** A seat is closing; its handle has ended. The last one ends the candidacy. */
    void seatClosing(Seat seat) {
        if (allClosing()) {
            if (next != null) {
                next.close();
                next = null;
            }
            if (attempt != null) {
                attempt.end(Reason.CLOSED, null);
            }
        }
        settle(seat);
    }

    /** A callback of this seat has returned. */
    void settle(Seat seat) {
        if (seat.isDone() && (attempt == null || !allClosing())) {
            if (leadingTerm() != null && attempt != null && seats.get(seat.component()) == seat) {
                attempt.publication().unwant(seat.component());
            }
            remove(seat);
        } // else the last seat leaves when the candidacy is gone
        if (attempt != null) {
            attempt.settle();
        }
    }

    private boolean allClosing() {
        return seats.values().stream().allMatch(Seat::isClosing);
    }

    private void remove(Seat seat) {
        if (seats.remove(seat.component(), seat)) {
            seat.removed();
            retireIfIdle();
        }
    }

    private void retireIfIdle() {
        if (seats.isEmpty() && attempt == null && (closing || !handedOut) && !retired) {
            if (!predecessor.isDone()) {
                if (!waitingToRetire) { // whoever comes after waits for this one, so this one must wait for those
                    // before
                    waitingToRetire = true;
                    Stages.whenDone(predecessor, (done, failure) -> locked(this::retireIfIdle));
                }
                return;
            }
            retired = true;
            engine.retired(this);
            closed.complete(null);
        }
    }

    // ---- candidacies; under the lock ----

    private void beginIfDue(Duration wait) {
        if (attempt != null || next != null || starting || allClosing()) {
            return;
        }
        if (!wait.isZero()) {
            next = engine.platform()
                    .schedule(
                            wait,
                            () -> locked(() -> {
                                next = null;
                                beginIfDue(Duration.ZERO);
                            }));
        } else if (!predecessor.isDone()) {
            starting = true;
            Stages.whenDone(
                    predecessor,
                    (done, failure) -> locked(() -> {
                        starting = false;
                        beginIfDue(Duration.ZERO);
                    }));
        } else {
            attempt = new Attempt(this);
            attempt.begin();
        }
    }

    /** The candidacy has won. */
    void won(Term term) {
        boolean elected = !term.sessionId().equals(NO_SESSION); // where there is no election, all tokens are the same
        if (elected && isReset(term)) {
            engine.historyReset(name, lastHistory, lastToken, term.historyId(), term.token());
        }
        lastHistory = term.historyId();
        lastToken = term.token();
        leading = term;
        engine.observers().tell(observer -> observer.granted(name, term.token()));
        seats.values().forEach(seat -> seat.offer(term));
    }

    private boolean isReset(Term term) {
        return term.historyId().equals(lastHistory) ? term.token() <= lastToken : !lastHistory.isEmpty();
    }

    /** The candidacy is over, if not yet in the backend: invalidates and revokes. */
    void ended(Attempt over, Reason reason, @Nullable Throwable cause) {
        Term term = over.term();
        if (term != null) {
            LOG.debug("{}: leadership with {} ended: {}", name, term, reason);
            if (reason == Reason.EXPIRED) {
                engine.board()
                        .ranOut(
                                name,
                                engine.platform().nanoTime() + term.lease().durationNanos());
            }
            leading = null;
            lastEnd = new End(term.sessionId(), engine.platform().nanoTime());
            engine.observers().tell(observer -> observer.revoked(name, reason));
            seats.values().forEach(seat -> seat.end(term, reason));
        }
        if (cause != null && reason != Reason.CONTENDER_FAILED) {
            tell(
                    cause instanceof HighAvailabilityException known
                            ? known
                            : new UnavailableException("a candidacy of " + name + " ended: " + cause, reason, cause));
        }
    }

    boolean isBusy(Attempt over) {
        return seats.values().stream().anyMatch(seat -> seat.isBusyFor(over.term()));
    }

    /** The backend has confirmed that the candidacy is gone: the next one may start. */
    void gone(Attempt over) {
        attempt = null;
        engine.complete(() -> over.whenGone().complete(null));
        for (Seat seat : List.copyOf(seats.values())) {
            if (seat.isDone()) {
                remove(seat);
            }
        }
        beginIfDue(waitAfter(over));
        retireIfIdle();
    }

    private Duration waitAfter(Attempt over) {
        switch (over.endReason()) {
            case RESIGNED -> {
                return engine.settings().resignWait();
            }
            case CONTENDER_FAILED -> {
                Duration least = engine.settings().resignWait();
                Duration backoff = selfInflicted.next();
                return backoff.compareTo(least) < 0 ? least : backoff;
            }
            case CLOSED -> {
                return Duration.ZERO; // the last seat left; whoever sits down now wants to contend now
            }
            default -> {
                if (over.age() >= HEALTHY_NANOS) {
                    trouble.reset();
                }
                if (trouble.isFresh()) {
                    trouble.count();
                    return engine.pace();
                }
                Duration paced = engine.pace();
                Duration backoff = trouble.next();
                return paced.compareTo(backoff) > 0 ? paced : backoff;
            }
        }
    }

    /** A contender took its grant without throwing. */
    void granted() {
        selfInflicted.reset();
    }

    /** A contender threw from its grant: the lock is given up, so that another process can lead (SAFETY C4). */
    void failed(SeatLeadership handle) {
        if (attempt != null && handle.term() == leadingTerm()) {
            attempt.end(Reason.CONTENDER_FAILED, null);
        }
    }

    /** Gives the lock up; completes when released. */
    CompletableFuture<Void> resign(SeatLeadership handle) {
        synchronized (lock) {
            Attempt own = handle.term().attempt();
            if (own.phase() == Phase.LEADING && !handle.hasEnded()) {
                own.end(Reason.RESIGNED, null);
            }
            return own.endReason() == Reason.RESIGNED ? own.whenGone() : CompletableFuture.completedFuture(null);
        }
    }

    // ---- observers ----

    void announceTo(Observers.Place place) {
        synchronized (lock) {
            if (contended && !retired) {
                place.contending(this);
            }
        }
    }

    /** The lease of the present leadership. */
    @Nullable
    LeaseDeadline leadingLease() {
        Term term = leading;
        return term == null ? null : term.lease();
    }

    @Override
    public boolean isLeading() {
        Term term = leading;
        return term != null && term.lease().isValid();
    }

    @Override
    public long fencingToken() {
        Term term = leading;
        return term != null && term.lease().isValid() ? term.token() : 0;
    }

    @Override
    public Duration remaining() {
        LeaseDeadline lease = leadingLease();
        return lease == null ? Duration.ZERO : lease.remaining();
    }

    @Override
    public Optional<Duration> sinceRenewal() {
        LeaseDeadline lease = leadingLease();
        OptionalLong nanos = lease != null && lease.isValid() ? lease.sinceRenewalNanos() : OptionalLong.empty();
        return nanos.isPresent() ? Optional.of(Duration.ofNanos(nanos.getAsLong())) : Optional.empty();
    }

    /** When the last leadership ended, if it had that session. */
    OptionalLong endOf(UUID session) {
        End end = lastEnd;
        return end != null && end.session.equals(session) ? OptionalLong.of(end.at) : OptionalLong.empty();
    }

    // ---- errors ----

    /** Tells all contenders. */
    void tell(HighAvailabilityException error) {
        synchronized (lock) {
            seats.values().forEach(seat -> seat.tell(error));
        }
    }

    void tellOverrun(Attempt over, int actions) {
        String detail = "the time to stop is over, but "
                + (actions > 0
                        ? actions + " action(s) of runIfLeader still run"
                        : "a contender has not returned from a callback")
                + ": it works on without leadership in election " + name;
        LOG.error("{}", detail);
        engine.board().overrun(detail);
        engine.observers().tell(observer -> observer.overran(name));
        for (Seat seat : seats.values()) {
            if (actions > 0 || seat.isBusyFor(over.term())) {
                seat.tell(new ContenderException(detail, null));
            }
        }
    }

    /** While the JVM exits: looks again whether the contenders have stopped, as one that has called exit never returns (SAFETY V4). */
    void settleAll() {
        synchronized (lock) {
            if (attempt != null) {
                attempt.settle();
            }
        }
    }
}
