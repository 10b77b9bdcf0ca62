package dev.ha.core;

import dev.ha.ContenderException;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityObserver.UserCall;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.Leadership;
import dev.ha.Reason;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One contender. What it is told follows from two facts, the handle it was given and the handle it should have, whenever it is free for the next call: so grant
 * and revoke alternate and what was superseded meanwhile is never told (rules 3.1, 3.6). Guarded by the lock of its election.
 */
final class Seat implements LeaderElection {
    private static final Logger LOG = LoggerFactory.getLogger(Seat.class);

    private final Engine engine;
    private final String name;
    private final String component;
    private final Supplier<Election> elections;
    private final Pump pump;
    private final TimedCall calls;
    private final Deque<HighAvailabilityException> errors = new ArrayDeque<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile @Nullable Election election;
    private volatile @Nullable SeatLeadership handle;
    private @Nullable LeaderContender contender;
    private @Nullable SeatLeadership told;
    private boolean closing;
    private boolean muted;

    /** {@code elections} finds the election to sit down in, when it starts. */
    Seat(Engine engine, String name, String component, Supplier<Election> elections) {
        this.engine = engine;
        this.name = name;
        this.component = component;
        this.elections = elections;
        this.pump = new Pump(engine.platform().callbacks(), engine, this::next);
        this.calls = new TimedCall(engine, name, "the contender " + component);
    }

    String component() {
        return component;
    }

    // ---- users ----

    @Override
    public void start(LeaderContender contender) {
        Objects.requireNonNull(contender, "contender");
        synchronized (this) {
            engine.checkOpen();
            if (closing) {
                throw new IllegalStateException("the seat " + component + " of election " + name + " is closed");
            }
            if (this.contender != null) {
                throw new IllegalStateException(
                        "the seat " + component + " of election " + name + " has been started already");
            }
            this.contender = contender;
            engine.platform().contending();
            try {
                Election found;
                do {
                    found = elections.get();
                    election = found;
                } while (!found.enrol(this));
            } catch (IllegalStateException refused) {
                this.contender = null;
                election = null;
                throw refused;
            }
        }
    }

    @Override
    public Optional<Leadership> leadership() {
        SeatLeadership present = handle;
        return present != null && present.isValid() ? Optional.of(present) : Optional.empty();
    }

    @Override
    public void close() {
        Election own;
        synchronized (this) {
            own = election;
            if (own == null) {
                closing = true;
                return;
            }
        }
        own.locked(() -> {
            if (beginClose()) {
                own.seatClosing(this);
            }
        });
        engine.await(closed);
        if (!Pump.insideCallbackOf(engine)) {
            own.locked(this::mute);
        }
    }

    // ---- the engine; under the lock of the election ----

    /** Ends the handle; the election does the rest. False when it is closing already. */
    boolean beginClose() {
        if (closing) {
            return false;
        }
        closing = true;
        endHandle(Reason.CLOSED);
        return true;
    }

    boolean isClosing() {
        return closing;
    }

    /** It has left for good. */
    void removed() {
        engine.complete(() -> closed.complete(null));
    }

    /** No callback starts from now on. */
    void mute() {
        muted = true;
        own().settle(this);
    }

    void offer(Term term) {
        if (!closing) {
            handle = new SeatLeadership(engine, own(), component, term);
            pump.signal();
        }
    }

    void end(Term term, Reason reason) {
        SeatLeadership present = handle;
        if (present != null && present.term() == term) {
            endHandle(reason);
        }
    }

    private void endHandle(Reason reason) {
        SeatLeadership present = handle;
        if (present != null) {
            present.end(reason);
            handle = null;
            pump.signal();
        }
    }

    void tell(HighAvailabilityException error) {
        errors.add(error);
        pump.signal();
    }

    /** A call is in progress, or one that must be followed by a revoke. A call that has asked the JVM to exit counts as returned (SAFETY V4). */
    boolean isBusy() {
        return told != null && !(engine.isExiting() && hasCalledExit());
    }

    /** It may leave the election: nobody works any more, or nothing will be told to whoever does. */
    boolean isDone() {
        return closing && (muted || !isBusy());
    }

    boolean isBusyFor(@Nullable Term term) {
        SeatLeadership present = told;
        return present != null && present.term() == term && isBusy();
    }

    private boolean hasCalledExit() {
        Thread thread = pump.runner();
        if (thread != null) {
            for (StackTraceElement frame : thread.getStackTrace()) {
                if (frame.getClassName().equals("java.lang.Shutdown")) {
                    return true;
                }
            }
        }
        return false;
    }

    private Election own() {
        return Objects.requireNonNull(election);
    }

    // ---- calls; each is chosen under the lock and made without it ----

    private @Nullable Runnable next() {
        Call call = new Call();
        own().locked(() -> call.chosen = choose());
        return call.chosen;
    }

    private static final class Call {
        private @Nullable Runnable chosen;
    }

    private @Nullable Runnable choose() {
        LeaderContender code = Objects.requireNonNull(contender);
        SeatLeadership former = told;
        SeatLeadership present = handle;
        HighAvailabilityException error = errors.peek();
        if (muted) {
            return null;
        }
        if (former != null && former.hasEnded()) {
            return () -> revoke(code, former);
        }
        if (error != null) {
            errors.remove();
            return () -> handleError(code, error);
        }
        if (former == null && present != null) {
            told = present;
            return () -> grant(code, present);
        }
        return null;
    }

    private void grant(LeaderContender code, SeatLeadership leadership) {
        try {
            calls.run(UserCall.GRANT, () -> code.grantLeadership(leadership));
            own().locked(own()::granted);
        } catch (Throwable failure) {
            own().locked(() -> {
                failed("grantLeadership", failure);
                own().failed(leadership);
            });
        }
    }

    private void revoke(LeaderContender code, SeatLeadership leadership) {
        try {
            calls.run(UserCall.REVOKE, () -> code.revokeLeadership(leadership));
        } catch (Throwable failure) {
            own().locked(() -> failed("revokeLeadership", failure));
        } finally {
            own().locked(() -> {
                told = null;
                own().settle(this);
            });
        }
    }

    private void handleError(LeaderContender code, HighAvailabilityException error) {
        try {
            calls.run(UserCall.CONTENDER_ERROR, () -> code.handleError(error));
        } catch (Throwable failure) {
            LOG.error(
                    "The contender {} of election {} threw from handleError, told of: {}",
                    component,
                    name,
                    error,
                    failure);
        }
    }

    private void failed(String method, Throwable failure) {
        tell(new ContenderException(
                "the contender " + component + " of election " + name + " threw from " + method + ": " + failure,
                failure));
    }
}
