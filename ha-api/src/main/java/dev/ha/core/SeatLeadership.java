package dev.ha.core;

import dev.ha.LeaderAction;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The handle of one seat on one term. Asking whether it is valid reads two volatile fields and the clocks, nothing else. */
final class SeatLeadership implements Leadership {
    private final Engine engine;
    private final Election election;
    private final String component;
    private final Term term;
    private final LeaseDeadline lease;
    private final CompletableFuture<Reason> lost = new CompletableFuture<>();
    private volatile boolean ended;
    private @Nullable String address;
    private @Nullable CompletableFuture<Void> confirmed;

    SeatLeadership(Engine engine, Election election, String component, Term term) {
        this.engine = engine;
        this.election = election;
        this.component = component;
        this.term = term;
        this.lease = term.lease();
    }

    Engine engine() {
        return engine;
    }

    Election in() {
        return election;
    }

    Term term() {
        return term;
    }

    /** Under the lock of the election: invalid from now on; tells who asked. */
    void end(Reason reason) {
        if (!ended) {
            ended = true;
            engine.complete(() -> lost.complete(reason));
        }
    }

    /** Has been ended, other than by a deadline that has just passed. */
    boolean hasEnded() {
        return ended;
    }

    @Override
    public String election() {
        return election.election();
    }

    @Override
    public UUID sessionId() {
        return term.sessionId();
    }

    @Override
    public long fencingToken() {
        return term.token();
    }

    @Override
    public String historyId() {
        return term.historyId();
    }

    @Override
    public boolean isValid() {
        return !ended && lease.isValid() && !ended;
    }

    @Override
    public Duration remaining() {
        return ended ? Duration.ZERO : lease.remaining();
    }

    @Override
    public CompletionStage<Void> confirm(String address) {
        Objects.requireNonNull(address, "address");
        CompletableFuture<Void> stage = new CompletableFuture<>();
        election.locked(() -> confirm(address, stage));
        return stage.minimalCompletionStage();
    }

    private void confirm(String wanted, CompletableFuture<Void> stage) {
        if (address != null && confirmed != null) {
            if (address.equals(wanted)) {
                Stages.relay(confirmed, stage);
            } else {
                stage.completeExceptionally(new IllegalStateException("this leadership has confirmed " + address
                        + " already; another address needs another leadership: resign first"));
            }
        } else if (!isValid()) {
            engine.observers().tell(observer -> observer.writeRefused(election()));
            stage.completeExceptionally(lost("confirm"));
        } else {
            address = wanted;
            confirmed = stage;
            CompletableFuture<Void> tracked = engine.track(stage);
            term.attempt().publication().want(component, wanted, tracked);
        }
    }

    @Override
    public <X extends Exception> void runIfLeader(LeaderAction<X> action) throws X {
        boolean[] entered = new boolean[1];
        election.locked(() -> entered[0] = isValid() && term.attempt().enterAction());
        if (!entered[0]) {
            throw lost("runIfLeader");
        }
        try {
            action.run();
        } finally {
            election.locked(() -> term.attempt().leaveAction());
        }
    }

    @Override
    public CompletionStage<Reason> lost() {
        return lost.minimalCompletionStage();
    }

    @Override
    public CompletionStage<Void> resign() {
        return election.resign(this).minimalCompletionStage();
    }

    private LeadershipLostException lost(String act) {
        return new LeadershipLostException(
                act + " refused: the leadership of " + election() + " with " + term + " is over", term.token(), 0);
    }

    @Override
    public String toString() {
        return "Leadership[" + election() + "/" + component + ", " + term + (isValid() ? "]" : ", over]");
    }
}
