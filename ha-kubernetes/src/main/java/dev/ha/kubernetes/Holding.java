package dev.ha.kubernetes;

import dev.ha.CorruptDataException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.kubernetes.Claim.Kind;
import dev.ha.kubernetes.Claim.Outcome;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.spi.Moment;
import dev.ha.spi.Pace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The Lease of an election in the hands of its holder: kept by PUTs that each renew it, and carry all that is wanted by then. The grant comes when the store of the
 * election, if there is one, is sealed. On the loop only.
 */
final class Holding {
    /** All annotations of an object may have 256 KiB; some of it is for those of others that are yet to come. */
    private static final int LARGEST_ANNOTATIONS = 240 * 1024;

    private final Candidacy candidacy;
    private final Session session;
    private final LockText text;
    private final Claim claim;
    private final Root root;
    private final BiConsumer<Reason, @Nullable Throwable> lost;
    private final Pace pace = new Pace();
    private final Lease lease;
    private Lock own;
    private Term term;
    /** When the latest PUT was sent that is known to have been applied. */
    private long renewedAt;
    /** By then the store must be sealed, or somebody else may try. */
    private final long sealBy;
    /** Whether the root of the election is sealed by us. */
    private boolean sealed;

    private boolean granted;
    private boolean over;
    private Map<String, LeaderRecord> records = Map.of();
    /** Those that the server has taken. */
    private Map<String, LeaderRecord> accepted = Map.of();
    /** Who waits for the next PUT that is applied. */
    private List<CompletableFuture<Void>> riders = new ArrayList<>();

    private boolean urgent;
    private boolean paused;
    private @Nullable Timer renewal;

    /** {@code lock} is ours since the PUT that was sent at {@code sent}; {@code lost} is told when it is not any more. */
    Holding(
            Candidacy candidacy,
            Session session,
            LockText text,
            Claim claim,
            Root root,
            Lock lock,
            Moment sent,
            BiConsumer<Reason, @Nullable Throwable> lost) {
        this.candidacy = candidacy;
        this.session = session;
        this.text = text;
        this.claim = claim;
        this.root = root;
        this.lost = lost;
        this.own = lock;
        this.term = Term.of(lock);
        long sentAt = sent.nanoTimeSeenFrom(Moment.now(session.context())); // no lease has watched the clocks so far
        this.lease = session.context()
                .lease(session.settings().lease(), session.settings().margin(), sentAt);
        this.renewedAt = sentAt;
        this.sealBy = sentAt + session.settings().deadline().toNanos();
        renewAfter(sentAt);
    }

    /** Leads, at once or when the store is sealed; {@code latest} is the Lease by now, {@code unsure} whether a look has said that there is no store. */
    void begin(@Nullable Lock latest, boolean unsure) {
        candidacy.joined(lease);
        if (term.store()) {
            seal();
        } else if (unsure) {
            look();
        } else {
            lead();
        }
        check(latest);
    }

    /** A predecessor may have made a root since that look. From our PUT on it may make one, but not write into it, as it reads the Lease first (SAFETY S5). */
    private void look() {
        if (!mayLead()) {
            return;
        }
        Loop.whenDone(root.look(), (found, failure) -> {
            if (!mayLead()) {
                return;
            }
            if (failure != null) {
                notSealed(failure, this::look);
            } else if (found.isPresent()) {
                say(term.withStore());
            } else {
                session.troubles().remove(root);
                lead();
            }
        });
    }

    /**
     * No write of a predecessor is accepted after the grant (SAFETY S5). The Lease says the token before the root does: who is superseded must not seal over its
     * successor.
     */
    private void seal() {
        if (!mayLead()) {
            return;
        }
        Loop.whenDone(root.seal(term.token()), (larger, failure) -> {
            if (!mayLead()) {
                return;
            }
            if (failure != null) {
                notSealed(failure, this::seal);
            } else if (larger.isPresent()) { // of another history, or of a successor: then the PUT fails
                raise(larger.getAsLong());
            } else {
                sealed = true;
                session.troubles().remove(root);
                lead();
            }
        });
    }

    private void raise(long seal) {
        try {
            say(term.withToken(Term.after(seal)));
        } catch (CorruptDataException unusable) {
            notSealed(unusable, this::seal);
        }
    }

    /** The Lease says it, under its fence, before the root does. */
    private void say(Term wanted) {
        if (!mayLead()) {
            return;
        }
        term = wanted;
        Loop.whenDone(ride(), (said, notSaid) -> {
            if (notSaid == null) {
                seal();
            } else {
                afterAPause(notSaid, () -> say(wanted));
            }
        });
    }

    /** Tried again, but not for ever: another process may be able to (SAFETY S5). */
    private void notSealed(Throwable failure, Runnable again) {
        String act = "sealing the store of " + candidacy.election();
        if (session.loop().nanoTime() - sealBy >= 0) {
            lost.accept(Failures.reason(failure), Failures.ofRead(failure, act));
        } else {
            session.troubles().add(root, Failures.unavailable(failure, act)); // renewals go well meanwhile
            afterAPause(failure, again);
        }
    }

    private void afterAPause(Throwable failure, Runnable act) {
        session.loop().schedule(longer(pace.next(session.loop().nanoTime()), wanted(failure)), act);
    }

    /** Otherwise the end is under way. */
    private boolean mayLead() {
        return !over && lease.isValid();
    }

    private void lead() {
        granted = true;
        candidacy.granted(Grant.of(term.token(), term.history(), lease));
    }

    /** The Lease has changed, perhaps by ourselves. */
    void check(@Nullable Lock latest) {
        if (over || latest == own) {
            return;
        }
        if (latest == null
                || !latest.uid().equals(own.uid())
                || !latest.holder().equals(text.identity())) {
            lose(latest);
            return;
        }
        boolean changed = !latest.record().equals(own.record());
        own = latest;
        if (granted && changed) {
            candidacy.recordsSeen(
                    latest.record().candidate().equals(text.candidate())
                            ? latest.record().records()
                            : Map.of());
        }
    }

    private void lose(@Nullable Lock latest) {
        if (latest == null || !latest.uid().equals(own.uid())) {
            lost.accept(Reason.VANISHED, null);
        } else {
            lost.accept(latest.isHeld() ? Reason.SUPERSEDED : Reason.REMOVED, null);
        }
    }

    // ---- PUTs ----

    private void renewAfter(long sentAt) {
        if (renewal != null) {
            renewal.close();
        }
        long period = session.settings().retry().toNanos();
        long jitter = ThreadLocalRandom.current().nextLong(period / 10 + 1); // many elections should not renew at once
        long wait = Math.max(0, sentAt + period - jitter - session.loop().nanoTime());
        renewal = session.loop().schedule(Duration.ofNanos(wait), () -> {
            urgent = true;
            pump();
        });
    }

    private void pump() {
        if (over || paused || claim.isFlying() || (!urgent && riders.isEmpty())) {
            return;
        }
        urgent = false;
        List<CompletableFuture<Void>> riding = riders;
        riders = new ArrayList<>();
        Lock base = own;
        Term said = term;
        Map<String, LeaderRecord> wanted = records;
        renewAfter(session.loop().nanoTime()); // whatever becomes of this one
        claim.fly(
                claim.put(base, count -> text.renewed(base, session.context().wallTime(), said, count, wanted)),
                (outcome, failure) -> {
                    if (failure == null) {
                        if (outcome.kind() == Kind.APPLIED) {
                            accepted = wanted;
                        }
                        written(outcome, base, riding);
                    } else {
                        if (!Failures.isUnknown(failure) && records == wanted) {
                            records = accepted; // what was refused is not written by the next renewal, nor does it stop
                            // it
                        }
                        notWritten(failure, riding);
                    }
                    pump();
                });
    }

    private void written(Outcome outcome, Lock base, List<CompletableFuture<Void>> riding) {
        if (outcome.sent() != null) {
            renewedAt = outcome.sent().nanoTime();
            lease.renewed(renewedAt);
        }
        Lock lock = outcome.lock();
        if (lock != null && outcome.kind() != Kind.LOST && (over || lock.version() > own.version())) {
            own = lock;
        }
        if (over) {
            fail(riding);
        } else if (outcome.kind() == Kind.LOST) {
            riders.addAll(riding);
            lose(lock);
        } else if (outcome.kind() == Kind.APPLIED) {
            session.troubles().remove(this);
            riding.forEach(rider -> rider.complete(null));
        } else { // somebody annotates, or it got lost on the way
            riders.addAll(0, riding);
            if (outcome.failure() != null) {
                trouble(outcome.failure(), "keeping " + candidacy.election());
            }
            if (outcome.failure() != null || lock == null || lock.version() <= base.version()) {
                Duration wait = pace.next(session.loop().nanoTime());
                pause(shorter(wait, session.settings().retry()), outcome.failure());
            }
            urgent = true;
        }
    }

    /** A server that is ill is not asked at once again by each leader there is, and left alone for as long as it wants, if time for a try remains. */
    private void pause(Duration least, @Nullable Throwable failure) {
        Duration wait = longer(least, wanted(failure));
        if (!wait.isZero()) {
            paused = true;
            session.loop().schedule(wait, () -> {
                paused = false;
                pump();
            });
        }
    }

    private Duration wanted(@Nullable Throwable failure) {
        long left = Math.max(
                0,
                renewedAt
                        + session.settings().deadline().toNanos()
                        - session.loop().nanoTime());
        return failure == null ? Duration.ZERO : shorter(Failures.retryAfter(failure), Duration.ofNanos(left / 2));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? other : one;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** The next renewal looks what became of it. */
    private void notWritten(Throwable failure, List<CompletableFuture<Void>> riding) {
        if (!over && Failures.isAnswer(failure)) {
            trouble(failure, "keeping " + candidacy.election());
            pause(Duration.ZERO, failure);
        }
        HighAvailabilityException told = Failures.ofWrite(failure, "writing the Lease of " + candidacy.election());
        riding.forEach(rider -> rider.completeExceptionally(told));
    }

    private void trouble(Throwable failure, String act) {
        session.troubles().add(this, Failures.unavailable(failure, act));
    }

    /** With the next PUT that is applied. */
    private CompletableFuture<Void> ride() {
        CompletableFuture<Void> rider = new CompletableFuture<>();
        riders.add(rider);
        pump();
        return rider;
    }

    private void fail(List<CompletableFuture<Void>> riding) {
        riding.forEach(rider -> rider.completeExceptionally(notLeading("writing the Lease")));
    }

    private LeadershipLostException notLeading(String act) {
        return new LeadershipLostException(
                act + " in " + candidacy.election() + ": this candidacy does not lead", term.token(), 0);
    }

    // ---- what a leader may do ----

    CompletableFuture<Void> publish(Map<String, LeaderRecord> wanted) {
        if (over || !granted) {
            throw notLeading("publishing");
        }
        int size = text.size(own, term, wanted);
        if (size > LARGEST_ANNOTATIONS) {
            throw new UnavailableException(
                    "publishing for " + candidacy.election() + " would make annotations of " + size
                            + " bytes: a Lease has room for " + LARGEST_ANNOTATIONS,
                    Reason.INITIAL,
                    null);
        }
        records = Map.copyOf(wanted);
        return ride();
    }

    CompletableFuture<String> write(Change change) {
        if (over || !granted) {
            throw notLeading(change.toString());
        }
        return ready().thenCompose(done -> stillOurs(change.toString()))
                .thenCompose(ours -> {
                    if (over) { // and close() has said that nothing arrives any more
                        throw notLeading(change.toString());
                    }
                    return root.write(change);
                })
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        Failures.ofWrite(failure, change + " in " + candidacy.election())));
    }

    /** The seal fences against successors; a lock that was taken away, and not taken by anybody yet, only the Lease itself shows. */
    private CompletableFuture<Void> stillOurs(String act) {
        return claim.look()
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(Failures.ofRead(failure, act)))
                .thenAccept(found -> {
                    if (found.kind() != Kind.APPLIED) {
                        throw notLeading(act);
                    }
                });
    }

    /** The first write says in the Lease, under the lock, that there is a root, before there is one: so every successor seals it (SAFETY S5). */
    private CompletableFuture<Void> ready() {
        if (sealed) {
            return CompletableFuture.completedFuture(null);
        }
        term = term.withStore();
        return ride().thenCompose(flagged -> root.seal(term.token())).thenAccept(larger -> {
            if (larger.isPresent()) {
                throw new LeadershipLostException(
                        "the store of " + candidacy.election() + " is sealed by another leader",
                        term.token(),
                        larger.getAsLong());
            }
            sealed = true;
        });
    }

    // ---- the end ----

    /** No more PUTs but the one that is under way. */
    void end() {
        over = true;
        if (renewal != null) {
            renewal.close();
        }
        List<CompletableFuture<Void>> waiting = riders;
        riders = new ArrayList<>();
        fail(waiting);
        session.troubles().remove(this);
        session.troubles().remove(root);
    }

    /** What the Lease says of it, or should. */
    Term term() {
        return term;
    }

    /** As last seen while it was ours. */
    Lock own() {
        return own;
    }
}
