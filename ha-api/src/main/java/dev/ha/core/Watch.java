package dev.ha.core;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderInformation;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one watch of an election in this process, shared by its followers (rule 5.4). It lets nothing through that is older than what was told: such a
 * state is told only when the authority itself confirms it, as a history that was reset (rule 5.5). Guarded by its lock.
 */
final class Watch implements Following {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(100);

    private final Engine engine;
    private final String name;
    private final Object lock = new Object();
    private final Pump.Tasks calls;
    private final Backoff trouble;
    private final Vacancy vacancy;
    private final List<Follower> followers = new ArrayList<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private @Nullable ElectionState floor;
    private long floorToken;
    /** Of the last state that had one. */
    private String lastHistory = "";

    private long applied;
    private @Nullable Unreachable unreachable;
    private boolean verifying;
    private boolean verifyAgain;
    private boolean opened;
    private boolean closing;
    private boolean retired;
    private volatile @Nullable LeaderRetrievalDriver driver;

    private record Unreachable(Instant since, Reason reason) {}

    Watch(Engine engine, String name) {
        this.engine = engine;
        this.name = name;
        this.calls = new Pump.Tasks(engine.platform().io());
        this.vacancy = new Vacancy(engine, name);
        this.trouble =
                new Backoff(engine.platform(), FIRST_WAIT, engine.settings().maxRetryWait());
    }

    void locked(Runnable transition) {
        synchronized (lock) {
            transition.run();
        }
    }

    @Override
    public String election() {
        return name;
    }

    // ---- followers ----

    /** Takes a follower in and tells it what is known; false if this watch has been dropped and another one is in its place. */
    boolean enrol(Follower follower) {
        synchronized (lock) {
            if (retired || closing) {
                return false;
            }
            followers.add(follower);
            if (!opened) {
                opened = true;
                engine.observers().following(this);
                open();
            }
            ElectionState known = floor;
            Unreachable trouble = unreachable;
            if (trouble != null) {
                follower.unknown(trouble.since, trouble.reason, null);
            } else if (known != null) {
                follower.seen(information(follower, known, known.reason()), false);
            }
            return true;
        }
    }

    void leave(Follower follower) {
        synchronized (lock) {
            followers.remove(follower);
            if (followers.isEmpty() && opened && !closing) {
                closing = true;
                closeDriver();
            }
        }
    }

    /** Closes all followers. */
    CompletableFuture<Void> closeAll() {
        List<Follower> leaving;
        synchronized (lock) {
            if (followers.isEmpty() && !opened) {
                closed.complete(null);
            }
            leaving = List.copyOf(followers);
        }
        for (Follower follower : leaving) {
            CompletableFuture<Void> unused = follower.closeAsync();
        }
        return closed;
    }

    /** No callback starts from now on. */
    void mute() {
        locked(() -> List.copyOf(followers).forEach(Follower::mute));
    }

    void announceTo(Observers.Place place) {
        synchronized (lock) {
            if (opened && !retired) {
                place.following(this);
            }
        }
    }

    private void open() {
        calls.add(() -> {
            try {
                driver = engine.backend().retrieve(this);
            } catch (RuntimeException | Error failure) {
                unknown(Reason.CONNECTION_LOST, failure);
                locked(() -> engine.platform()
                        .schedule(
                                trouble.next(),
                                () -> locked(() -> {
                                    if (!closing) {
                                        open();
                                    }
                                })));
            }
        });
    }

    private void closeDriver() {
        calls.add(() -> {
            LeaderRetrievalDriver open = driver;
            Stages.whenDone(
                    open == null ? CompletableFuture.completedStage(null) : Stages.ask(open::close),
                    (done, failure) -> {
                        if (failure != null) {
                            LOG.debug("Ending the watch of {} failed", name, failure);
                        }
                        locked(this::retire);
                    });
        });
    }

    private void retire() {
        retired = true;
        engine.retired(this);
        closed.complete(null);
    }

    // ---- reports ----

    @Override
    public void seen(ElectionState state) {
        synchronized (lock) {
            if (closing) {
                return;
            }
            if (isLater(state)) {
                apply(state, false);
            } else {
                verify();
            }
        }
    }

    /** No step back against what was told, in history, revision and token. */
    private boolean isLater(ElectionState state) {
        ElectionState last = floor;
        return last == null
                || last.historyId().isEmpty()
                || (state.historyId().equals(last.historyId())
                        && state.revision() >= last.revision()
                        && (state.holderToken() == 0 || state.holderToken() >= floorToken));
    }

    /** What came looks older than what was told: a late event, or a history that was reset. Only the authority can tell. */
    private void verify() {
        if (verifying) {
            verifyAgain = true; // the answer may be older than what came just now
            return;
        }
        verifying = true;
        verifyAgain = false;
        ElectionState before = floor;
        long asked = applied;
        readDriver()
                .whenComplete((state, failure) -> locked(() -> {
                    verifying = false;
                    if (closing) {
                        return;
                    }
                    if (failure != null) {
                        LOG.debug("Asking the backend for the state of {} failed", name, failure);
                        engine.platform()
                                .schedule(
                                        trouble.next(),
                                        () -> locked(() -> {
                                            if (!closing) {
                                                verify();
                                            }
                                        }));
                    } else if (isLater(state)) {
                        apply(state, false);
                    } else if (applied != asked || verifyAgain) {
                        verify(); // something was seen while we asked, so the answer may be the older one
                    } else {
                        engine.historyReset(
                                name,
                                before == null ? "" : before.historyId(),
                                floorToken,
                                state.historyId(),
                                state.holderToken());
                        apply(state, true);
                    }
                }));
    }

    private void apply(ElectionState state, boolean verified) {
        // An election that was seen deleted in between, and then exists again, begins another history too.
        boolean reset = verified
                || (!state.historyId().isEmpty()
                        && !lastHistory.isEmpty()
                        && !state.historyId().equals(lastHistory));
        if (!state.historyId().isEmpty()) {
            lastHistory = state.historyId();
        }
        floorToken = reset || !isSameHistory(state) ? state.holderToken() : Math.max(floorToken, state.holderToken());
        floor = state;
        applied++;
        if (unreachable != null) {
            engine.observers().tell(observer -> observer.watchRestarted(name));
        }
        unreachable = null;
        vacancy.seen(state);
        trouble.reset();
        for (Follower follower : List.copyOf(followers)) {
            follower.seen(information(follower, state, reset ? Reason.HISTORY_RESET : state.reason()), reset);
        }
    }

    private boolean isSameHistory(ElectionState state) {
        ElectionState last = floor;
        return last != null && last.historyId().equals(state.historyId());
    }

    /** A record counts only together with the lock it was published under: that of a leader that is gone is nobody's (rule 4.3). */
    private static LeaderInformation information(Follower follower, ElectionState state, Reason reason) {
        LeaderRecord record = state.records().get(follower.component());
        return record == null || state.holderToken() == 0 || record.fencingToken() != state.holderToken()
                ? new LeaderInformation.None(reason)
                : new LeaderInformation.Leader(
                        record.sessionId(), record.fencingToken(), record.address(), state.historyId(), reason);
    }

    @Override
    public void unknown(Reason reason, @Nullable Throwable cause) {
        synchronized (lock) {
            if (closing) {
                return;
            }
            Instant now = Instant.ofEpochMilli(engine.platform().wallMillis());
            Unreachable known = unreachable;
            if (known != null && known.reason == reason) {
                return; // told once, however often the driver tries and fails
            }
            unreachable = new Unreachable(known == null ? now : known.since, reason);
            HighAvailabilityException error = cause == null || cause instanceof HighAvailabilityException
                    ? (HighAvailabilityException) cause
                    : new UnavailableException("election " + name + " can't be watched: " + cause, reason, cause);
            List.copyOf(followers).forEach(follower -> follower.unknown(now, reason, error));
        }
    }

    // ---- authoritative reads ----

    /** What {@code follower} asked for, from the backend itself; everybody else hears of it too. */
    CompletionStage<LeaderInformation> read(Follower follower) {
        return readDriver().thenApply(state -> {
            seen(state);
            return information(follower, state, state.reason());
        });
    }

    private CompletionStage<ElectionState> readDriver() {
        CompletableFuture<ElectionState> result = new CompletableFuture<>();
        calls.add(() -> {
            LeaderRetrievalDriver open = driver;
            if (open == null) {
                result.completeExceptionally(new UnavailableException(
                        "election " + name + " can't be watched at present", Reason.CONNECTION_LOST, null));
                return;
            }
            Stages.whenDone(Stages.ask(open::read), (state, failure) -> {
                if (failure == null) {
                    result.complete(state);
                } else {
                    result.completeExceptionally(unavailable(failure));
                }
            });
        });
        return result;
    }

    private HighAvailabilityException unavailable(Throwable inner) {
        return inner instanceof HighAvailabilityException known
                ? known
                : new UnavailableException(
                        "reading election " + name + " failed: " + inner, Reason.CONNECTION_LOST, inner);
    }

    /** What a follower that has heard nothing knows. */
    static LeaderInformation.Unknown nothingHeard(Engine engine) {
        return new LeaderInformation.Unknown(
                Instant.ofEpochMilli(engine.platform().wallMillis()), Optional.empty(), Reason.INITIAL);
    }
}
