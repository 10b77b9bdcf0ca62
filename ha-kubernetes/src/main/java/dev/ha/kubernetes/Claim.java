package dev.ha.kubernetes;

import dev.ha.UnavailableException;
import dev.ha.spi.Moment;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What one candidacy asks for its Lease, one request at a time; PUTs are each bound to uid and resourceVersion (SAFETY K1, K2) and counted, so that whoever reads the
 * Lease knows which of them have been applied. On the loop only.
 */
final class Claim {
    /** What is known after a PUT. */
    enum Kind {
        /** It was applied, or a later one was. */
        APPLIED,
        /** It was not, and may be sent again, bound to what was found; unless it still arrives, and then that one fails. */
        AGAIN,
        /** It was not, and never will be: the Lease is another one's, or gone. */
        LOST
    }

    /**
     * What became of it.
     *
     * @param lock the Lease as it is; null if there is none
     * @param sent of the latest PUT of ours that is known to have been applied; null if none is
     * @param failure why it was not applied, if not for what others write: of a server that reads but does not write, nobody else says a word. One request that
     *     gets lost is no such failure, a second one is.
     */
    record Outcome(
            Kind kind,
            @Nullable Lock lock,
            @Nullable Moment sent,
            @Nullable Throwable failure) {
        Outcome(Kind kind, @Nullable Lock lock, @Nullable Moment sent) {
            this(kind, lock, sent, null);
        }

        private Outcome because(Throwable reason) {
            return kind == Kind.AGAIN ? new Outcome(kind, lock, sent, reason) : this;
        }
    }

    private final Session session;
    private final Observation observation;
    private final LockText text;
    private final NavigableMap<Long, Moment> sent = new TreeMap<>();
    private long counter;
    /** The latest resourceVersion to which a PUT was bound of which nobody knows whether it may still arrive; 0 if there is none. */
    private long uncertain;

    private String uncertainUid = "";
    /** Nobody knows whether the creation of the Lease may still arrive; it can't where there is one. */
    private boolean creating;
    /** How many PUTs got lost since the last that was answered. */
    private int losses;

    private boolean everSent;
    private boolean flying;
    /** Done when what the last request gave has been dealt with. */
    private CompletableFuture<Void> flight = CompletableFuture.completedFuture(null);

    Claim(Session session, Observation observation, LockText text) {
        this.session = session;
        this.observation = observation;
        this.text = text;
    }

    /** Whether anything of it could be in the backend. */
    boolean isUntouched() {
        return !everSent && !creating;
    }

    // ---- one request at a time ----

    /** Whether a request is under way. */
    boolean isFlying() {
        return flying;
    }

    /** Runs {@code then} when {@code request} is done; nothing else may be asked for until then. */
    <T> void fly(CompletableFuture<T> request, BiConsumer<T, @Nullable Throwable> then) {
        CompletableFuture<Void> landed = new CompletableFuture<>();
        flight = landed;
        flying = true;
        Loop.whenDone(request, (value, failure) -> {
            flying = false;
            try {
                then.accept(value, failure);
            } finally {
                landed.complete(null);
            }
        });
    }

    /** Done when no request is under way any more. */
    CompletableFuture<Void> landed() {
        return flight.thenCompose(done -> flying ? landed() : CompletableFuture.completedFuture(null));
    }

    // ---- creating ----

    /** Creates the Lease, without a holder. */
    CompletableFuture<Lock> create() {
        return session.heeded(session.api().create(text.fresh()))
                .thenApply(written -> seen(Lock.of(written)))
                .whenComplete((lock, failure) -> creating |= failure != null && Failures.isUnknown(failure));
    }

    // ---- PUTs ----

    /** Sends what {@code body} makes of the next count. Fails if nothing is known at present: what was sent may be applied or not, or may come later. */
    CompletableFuture<Outcome> put(Lock base, LongFunction<Lease> body) {
        long renewal = ++counter;
        Moment now = Moment.now(session.context());
        sent.put(renewal, now);
        everSent = true;
        return session.heeded(session.api().update(body.apply(renewal)))
                .thenApply(written -> {
                    losses = 0;
                    Lock lock = seen(Lock.of(written));
                    return judge(lock, base, renewal);
                })
                .exceptionallyCompose(failure -> afterwards(failure, base, renewal));
    }

    private CompletableFuture<Outcome> afterwards(Throwable failure, Lock base, long renewal) {
        if (Failures.isUnknown(failure)) {
            uncertain = Math.max(uncertain, base.version());
            uncertainUid = base.uid();
        } else if (!Failures.isConflict(failure) && !Failures.isNotFound(failure)) {
            return CompletableFuture.failedFuture(failure);
        }
        losses = Failures.isOfServer(failure) ? 0 : losses + 1;
        boolean lost = losses == 1;
        CompletableFuture<@Nullable Lock> reading = session.leases()
                .read(observation)
                .exceptionallyCompose(
                        unread -> // which says nothing of what is unknown
                        CompletableFuture.failedFuture(Failures.isUnknown(failure) ? failure : unread));
        return reading.thenApply(lock -> {
            settle(lock);
            Outcome outcome = judge(lock, base, renewal);
            return lost || Failures.isConflict(failure) ? outcome : outcome.because(failure);
        });
    }

    private Lock seen(Lock lock) {
        session.leases().answered(lock);
        observation.seen(lock);
        settle(lock);
        return lock;
    }

    /** What was bound to another resourceVersion, or another uid, can't come any more, and nothing that is there can be created. */
    private void settle(@Nullable Lock lock) {
        creating &= lock == null;
        if (lock == null || lock.version() > uncertain || !lock.uid().equals(uncertainUid)) {
            uncertain = 0;
        }
    }

    private Outcome judge(@Nullable Lock lock, Lock base, long renewal) {
        if (lock == null || !lock.uid().equals(base.uid())) {
            return new Outcome(Kind.LOST, lock, null);
        }
        boolean holds = lock.holder().equals(text.identity());
        boolean released = !lock.isHeld()
                && lock.record().released()
                && lock.record().candidate().equals(text.candidate());
        if (holds || released) {
            Moment at = sent.get(lock.renewal());
            sent.headMap(lock.renewal()).clear();
            return new Outcome(lock.renewal() >= renewal && at != null ? Kind.APPLIED : Kind.AGAIN, lock, at);
        }
        return new Outcome(lock.version() == base.version() ? Kind.AGAIN : Kind.LOST, lock, null);
    }

    /** When the PUT was sent that has made {@code lock} what it is; null if it is not ours. */
    @Nullable
    Moment sent(Lock lock) {
        return lock.holder().equals(text.identity()) && lock.isOfRecord() ? sent.get(lock.renewal()) : null;
    }

    /** Reads the Lease: whether it is ours. */
    CompletableFuture<Outcome> look() {
        return session.leases().read(observation).thenApply(lock -> {
            settle(lock);
            boolean ours = lock != null && lock.holder().equals(text.identity());
            return new Outcome(ours ? Kind.APPLIED : Kind.LOST, lock, null);
        });
    }

    /** Done when nothing that was sent can arrive any more; {@code lock} is not ours, as just read (SAFETY C1). */
    CompletableFuture<Void> settled(@Nullable Lock lock) {
        if (lock == null && creating) { // what has no holder is nobody's, and what comes late finds it there
            return create().<Void>thenApply(created -> null)
                    .exceptionallyCompose(failure -> Failures.isConflict(failure)
                            ? CompletableFuture.completedFuture(null)
                            : CompletableFuture.failedFuture(unavailable(failure)));
        }
        if (uncertain == 0 || lock == null) {
            return CompletableFuture.completedFuture(null);
        }
        return session.heeded(session.api().update(text.touched(lock)))
                .<Void>thenApply(touched -> {
                    seen(Lock.of(touched));
                    return null;
                })
                .exceptionallyCompose(failure -> {
                    if (Failures.isNotFound(failure) || Failures.isConflict(failure)) { // it has another one already
                        uncertain = 0;
                        return CompletableFuture.completedFuture(null);
                    }
                    return CompletableFuture.failedFuture(unavailable(failure));
                });
    }

    private static UnavailableException unavailable(Throwable failure) {
        return Failures.unavailable(failure, "making sure that nothing arrives late");
    }
}
