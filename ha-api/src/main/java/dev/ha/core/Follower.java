package dev.ha.core;

import dev.ha.ContenderException;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityObserver.UserCall;
import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Reason;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One follower of one component: tells each state once, in order. Guarded by the lock of its watch once it has one. */
final class Follower implements LeaderRetrievalService {
    private static final Logger LOG = LoggerFactory.getLogger(Follower.class);

    private final Engine engine;
    private final String election;
    private final String component;
    private final Pump pump;
    private final TimedCall calls;
    private final Deque<LeaderInformation> news = new ArrayDeque<>();
    private final Deque<HighAvailabilityException> errors = new ArrayDeque<>();
    private final List<CompletableFuture<Leader>> waiting = new ArrayList<>();
    private @Nullable LeaderRetrievalListener listener;
    private @Nullable CompletableFuture<Void> idle;
    private boolean calling;
    private boolean heard;
    private boolean resetUntold;
    private boolean unknownTold;
    private boolean muted;
    private volatile boolean closed;
    private volatile @Nullable Watch watch;
    private volatile LeaderInformation current;

    Follower(Engine engine, String election, String component) {
        this.engine = engine;
        this.election = election;
        this.component = component;
        this.pump = new Pump(engine.platform().callbacks(), engine, this::next);
        this.calls = new TimedCall(engine, election, "a listener");
        this.current = Watch.nothingHeard(engine);
    }

    String component() {
        return component;
    }

    // ---- users ----

    @Override
    public void start(LeaderRetrievalListener listener) {
        Objects.requireNonNull(listener, "listener");
        synchronized (this) {
            checkOpen();
            if (this.listener != null) {
                throw new IllegalStateException("this follower of election " + election + " has been started already");
            }
            this.listener = listener;
        }
        watch();
        pump.signal();
    }

    /** The watch, after taking a place in it. */
    private synchronized Watch watch() {
        checkOpen();
        Watch found = watch;
        if (found == null) {
            do {
                found = engine.watch(election);
                watch = found;
            } while (!found.enrol(this));
        }
        return found;
    }

    private void checkOpen() {
        engine.checkOpen();
        if (closed) {
            throw closedError();
        }
    }

    private IllegalStateException closedError() {
        return new IllegalStateException("this follower of election " + election + " is closed");
    }

    @Override
    public LeaderInformation current() {
        return current;
    }

    @Override
    public CompletionStage<Leader> leader() {
        CompletableFuture<Leader> stage = engine.track(new CompletableFuture<>());
        Watch own = watch;
        if (closed || own == null) {
            stage.completeExceptionally(
                    closed
                            ? closedError()
                            : new IllegalStateException(
                                    "this follower of election " + election + " has not been started"));
        } else {
            own.locked(() -> {
                Optional<Leader> present = current.leader();
                if (closed) {
                    stage.completeExceptionally(closedError());
                } else if (present.isPresent()) {
                    stage.complete(present.get());
                } else {
                    waiting.add(stage);
                }
            });
        }
        return stage.minimalCompletionStage();
    }

    @Override
    public CompletionStage<LeaderInformation> read() {
        CompletableFuture<LeaderInformation> stage = engine.track(new CompletableFuture<>());
        try {
            engine.pass(watch().read(this), stage);
        } catch (IllegalStateException alreadyClosed) {
            stage.completeExceptionally(alreadyClosed);
        }
        return stage.minimalCompletionStage();
    }

    @Override
    public void close() {
        engine.await(closeAsync());
    }

    /** No call starts when this has returned; completes when the one in progress has ended. */
    CompletableFuture<Void> closeAsync() {
        Watch own;
        synchronized (this) {
            closed = true;
            own = watch;
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (own == null) {
            done.complete(null);
            return done;
        }
        own.locked(() -> {
            mute();
            current = Watch.nothingHeard(engine);
            if (!calling) {
                done.complete(null);
            } else if (idle == null) {
                idle = done;
            } else {
                Stages.relay(idle, done);
            }
        });
        own.leave(this);
        return done;
    }

    // ---- the watch; under its lock ----

    void mute() {
        muted = true;
        List<CompletableFuture<Leader>> failing = List.copyOf(waiting);
        waiting.clear();
        engine.complete(() -> failing.forEach(stage -> stage.completeExceptionally(closedError())));
    }

    /** The state as the watch sees it now; tells it if it is news. */
    void seen(LeaderInformation information, boolean resetNow) {
        LeaderInformation last = current;
        boolean reset = resetNow || resetUntold; // it is told with the first leader after it (rule 5.5)
        resetUntold = reset && !(information instanceof Leader);
        if (information instanceof Leader leader) {
            if (last instanceof Leader present && present.sameAs(leader)) {
                return;
            }
            if (reset && !(last instanceof None)) {
                tell(new None(Reason.HISTORY_RESET));
            }
            tell(because(leader, reasonFor(leader, last, reset)));
        } else if (!(last instanceof None)) {
            tell(new None(heard || reset ? ended(information.reason()) : Reason.INITIAL));
        }
        heard = true;
    }

    private Reason reasonFor(Leader leader, LeaderInformation last, boolean reset) {
        if (reset) {
            return Reason.HISTORY_RESET;
        }
        if (!heard) {
            return Reason.INITIAL;
        }
        boolean same = last instanceof Unknown unknown
                && unknown.last().filter(leader::sameAs).isPresent();
        return same ? Reason.RESTORED : Reason.CONFIRMED;
    }

    private static Reason ended(Reason reason) {
        return reason == Reason.INITIAL || reason == Reason.CONFIRMED || reason == Reason.RESTORED
                ? Reason.VANISHED
                : reason;
    }

    private static Leader because(Leader leader, Reason reason) {
        return new Leader(leader.sessionId(), leader.fencingToken(), leader.address(), leader.historyId(), reason);
    }

    void unknown(Instant since, Reason reason, @Nullable HighAvailabilityException error) {
        if (error != null) {
            errors.add(error);
        }
        if (!unknownTold) {
            Optional<Leader> last = current instanceof Unknown unknown ? unknown.last() : current.leader();
            tell(new Unknown(since, last, reason));
        }
        pump.signal();
    }

    private void tell(LeaderInformation information) {
        current = information;
        unknownTold = information instanceof Unknown;
        news.add(information);
        information.leader().ifPresent(leader -> {
            List<CompletableFuture<Leader>> served = List.copyOf(waiting);
            waiting.clear();
            engine.complete(() -> served.forEach(stage -> stage.complete(leader)));
        });
        pump.signal();
    }

    // ---- calls ----

    private @Nullable Runnable next() {
        Watch own = watch;
        LeaderRetrievalListener code = listener;
        if (own == null || code == null) {
            return null;
        }
        Runnable[] call = new Runnable[1];
        own.locked(() -> {
            HighAvailabilityException error = errors.poll();
            LeaderInformation information = error == null ? news.poll() : null;
            if (!muted && (error != null || information != null)) {
                calling = true;
                call[0] = () -> call(own, code, information, error);
            }
        });
        return call[0];
    }

    private void call(
            Watch own,
            LeaderRetrievalListener code,
            @Nullable LeaderInformation information,
            @Nullable HighAvailabilityException error) {
        try {
            if (information != null) {
                calls.run(UserCall.NOTIFY, () -> code.notifyLeader(information));
            } else if (error != null) {
                calls.run(UserCall.LISTENER_ERROR, () -> code.handleError(error));
            }
        } catch (Throwable failure) {
            if (error != null) {
                LOG.error("A listener of election {} threw from handleError, told of: {}", election, error, failure);
            } else {
                own.locked(() -> errors.add(new ContenderException(
                        "a listener of election " + election + " threw from notifyLeader: " + failure, failure)));
            }
        } finally {
            own.locked(() -> {
                calling = false;
                if (idle != null) {
                    idle.complete(null);
                }
            });
        }
    }
}
