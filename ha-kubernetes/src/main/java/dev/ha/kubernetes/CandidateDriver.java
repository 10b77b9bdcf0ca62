package dev.ha.kubernetes;

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
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.spi.Moment;
import dev.ha.spi.Nonce;
import dev.ha.spi.Pace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One candidacy: takes the Lease of its election when it may, keeps it by PUTs that each renew it, whatever else they change, and gives it up. State on the loop
 * only.
 */
final class CandidateDriver implements LeaderElectionDriver, Observation.Listener {
    /** All annotations of an object may have 256 KiB. */
    private static final int LARGEST_RECORDS = 200 * 1024;

    private static final int TRIES = 3;

    private enum Phase {
        WAITING,
        TAKING,
        SEALING,
        LEADING,
        OVER
    }

    private final Candidacy candidacy;
    private final Session session;
    private final LockText text;
    private final Pace pace = new Pace();
    private final Root root;
    private @Nullable Observation observation;
    private @Nullable Claim claim;
    private Phase phase = Phase.WAITING;
    /** Done when what the one request on the Lease gave has been dealt with; another one may be under way by then. */
    private CompletableFuture<Void> flight = CompletableFuture.completedFuture(null);

    private boolean flying;

    private @Nullable Timer retry;
    private @Nullable Timer renewal;
    /** The Lease since it is ours. */
    private @Nullable Lock own;

    private @Nullable Lease lease;
    private long token;
    /** Whether the election has a root of entries, and whether that is sealed by us. */
    private boolean store;

    private boolean sealed;
    private Map<String, LeaderRecord> records = Map.of();
    /** Who waits for the next PUT that is applied. */
    private List<CompletableFuture<Void>> riders = new ArrayList<>();

    private boolean urgent;
    private boolean released;

    CandidateDriver(Candidacy candidacy, Session session, String process) {
        String nonce = Nonce.fresh();
        this.candidacy = candidacy;
        this.session = session;
        this.text = new LockText(
                session.cluster(),
                candidacy.election(),
                process,
                nonce,
                session.settings().lease());
        this.root = new Root(session, candidacy.election(), nonce);
    }

    /** On the loop. */
    void start() {
        if (phase == Phase.WAITING) {
            Observation joined = session.leases().join(candidacy.election(), this);
            observation = joined;
            claim = new Claim(session, joined, text);
            step();
        }
    }

    @Override
    public void changed() {
        if (phase == Phase.WAITING) {
            step();
        } else if (phase == Phase.SEALING || phase == Phase.LEADING) {
            check();
        }
    }

    // ---- waiting for the turn ----

    private void step() {
        Observation present = observation;
        if (phase != Phase.WAITING || present == null || !present.isKnown() || flying || retry != null) {
            return;
        }
        Lock lock = present.lock();
        if (lock != null && lock.holder().equals(text.identity())) {
            taken(lock, claim().sent(lock)); // a PUT of ours that came late (SAFETY C2)
        } else if (present.opensAt() <= session.loop().nanoTime()) {
            if (lock == null) {
                create(present);
            } else {
                take(present, lock);
            }
        } // else the observation tells when it is time
    }

    private Claim claim() {
        Claim present = claim;
        if (present == null) {
            throw new IllegalStateException("not begun");
        }
        return present;
    }

    private void create(Observation present) {
        CompletableFuture<Lock> request =
                session.heeded(session.api().create(text.fresh())).thenApply(Lock::of);
        fly(request, (lock, failure) -> {
            if (failure == null) {
                session.leases().answered(lock);
                present.seen(lock);
                step();
            } else if (Failures.isConflict(failure)) {
                fly(session.leases().read(present), (found, unread) -> stepAfter(unread)); // somebody else was faster
            } else {
                stepAfter(failure);
            }
        });
    }

    private void take(Observation present, Lock lock) {
        CompletableFuture<OptionalLong> seal =
                lock.store().isPresent() ? CompletableFuture.completedFuture(OptionalLong.empty()) : root.look();
        fly(seal, (floor, failure) -> {
            if (failure != null) {
                stepAfter(failure);
            } else if (phase != Phase.WAITING || present.lock() != lock) {
                step();
            } else {
                put(present, lock, floor);
            }
        });
    }

    private void put(Observation present, Lock lock, OptionalLong seal) {
        phase = Phase.TAKING;
        store = lock.store().orElse(seal.isPresent());
        long next = Math.max(lock.version(), 1 + Math.max(lock.record().token(), seal.orElse(0))); // SAFETY K3
        fly(
                claim().put(lock, renewal -> text.taken(lock, session.context().wallTime(), next, renewal, store)),
                (outcome, failure) -> {
                    if (phase != Phase.TAKING) {
                        return; // closed meanwhile, and that looks again
                    }
                    phase = Phase.WAITING;
                    if (failure != null) {
                        stepAfter(failure);
                    } else if (outcome.sent() != null && outcome.lock() != null) {
                        taken(outcome.lock(), outcome.sent());
                    } else if (outcome.kind() == Kind.AGAIN || present.lock() == lock) {
                        later();
                    } else {
                        troubleOver();
                        step();
                    }
                });
    }

    /** Goes on when {@code failure} has been told, and some time has passed. */
    private void stepAfter(@Nullable Throwable failure) {
        if (failure == null) {
            troubleOver();
            step();
            return;
        }
        if (Failures.isAnswer(failure) || Loop.unwrap(failure) instanceof UnavailableException) {
            trouble(failure, "contending for " + candidacy.election());
        }
        later();
    }

    private void later() {
        if (phase == Phase.WAITING && retry == null) {
            retry = session.loop().schedule(pace.next(session.loop().nanoTime()), () -> {
                retry = null;
                step();
            });
        }
    }

    /** Runs {@code then} when {@code request} is done, and nothing else in between. */
    private <T> void fly(CompletableFuture<T> request, BiConsumer<T, @Nullable Throwable> then) {
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

    private void trouble(Throwable failure, String act) {
        if (phase != Phase.OVER) {
            session.troubles().add(this, Failures.unavailable(failure, act));
        }
    }

    private void troubleOver() {
        session.troubles().remove(this);
    }

    // ---- holding it ----

    /** It is ours, by a PUT that was sent then. */
    private void taken(Lock lock, @Nullable Moment sent) {
        if (sent == null) {
            later(); // made by hand to look like ours: it runs out
            return;
        }
        long at = sent.nanoTimeSeenFrom(Moment.now(session.context())); // no lease has watched the clocks so far
        own = lock;
        token = lock.record().token();
        store |= lock.store().orElse(false);
        phase = Phase.SEALING;
        Lease granted = session.context()
                .lease(session.settings().lease(), session.settings().margin(), at);
        lease = granted;
        candidacy.joined(granted);
        renewIn(at);
        troubleOver();
        if (store) {
            seal();
        } else {
            lead();
        }
        check(); // it may have changed again since
    }

    /** No write of a predecessor is accepted after the grant (SAFETY S5). */
    private void seal() {
        Loop.whenDone(root.seal(token), (larger, failure) -> {
            if (phase != Phase.SEALING) {
                return;
            }
            if (failure != null) {
                trouble(failure, "sealing the store of " + candidacy.election());
                session.loop().schedule(pace.next(session.loop().nanoTime()), () -> {
                    if (phase == Phase.SEALING) {
                        seal();
                    }
                });
            } else if (larger.isPresent()) { // of another history: the token goes above it, under the lock
                token = larger.getAsLong() + 1;
                CompletableFuture<Void> raised = new CompletableFuture<>();
                riders.add(raised);
                Loop.whenDone(raised, (done, unraised) -> {
                    if (phase == Phase.SEALING) {
                        seal();
                    }
                });
                pump();
            } else {
                sealed = true;
                troubleOver();
                lead();
            }
        });
    }

    private void lead() {
        Lease granted = lease;
        Lock lock = own;
        if (granted != null && lock != null) {
            phase = Phase.LEADING;
            candidacy.granted(Grant.of(token, lock.history(), granted));
        }
    }

    /** Somebody has changed the Lease, perhaps we ourselves. */
    private void check() {
        Observation present = observation;
        Lock before = own;
        if (present == null || before == null) {
            return;
        }
        Lock lock = present.lock();
        if (lock == null || !lock.uid().equals(before.uid())) {
            lost(Reason.VANISHED);
        } else if (lock != before) {
            if (!lock.holder().equals(text.identity())) {
                lost(lock.isHeld() ? Reason.SUPERSEDED : Reason.REMOVED);
                return;
            }
            own = lock;
            if (phase == Phase.LEADING && !lock.record().equals(before.record())) {
                candidacy.recordsSeen(
                        lock.record().candidate().equals(text.candidate())
                                ? lock.record().records()
                                : Map.of());
            }
        }
    }

    private void lost(Reason reason) {
        if (phase != Phase.OVER) {
            over();
            candidacy.ended(reason, null);
        }
    }

    // ---- writing it: each PUT renews, and carries all that is wanted ----

    private void renewIn(long sentAt) {
        if (renewal != null) {
            renewal.close();
        }
        long period = session.settings().retry().toNanos();
        long jitter = ThreadLocalRandom.current().nextLong(period / 10 + 1);
        long wait = Math.max(0, sentAt + period - jitter - session.loop().nanoTime());
        renewal = session.loop().schedule(Duration.ofNanos(wait), () -> {
            urgent = true;
            pump();
        });
    }

    private void pump() {
        Lock base = own;
        if (flying
                || base == null
                || (phase != Phase.SEALING && phase != Phase.LEADING)
                || (!urgent && riders.isEmpty())) {
            return;
        }
        urgent = false;
        List<CompletableFuture<Void>> riding = riders;
        riders = new ArrayList<>();
        Map<String, LeaderRecord> wanted = records;
        long sentAt = session.loop().nanoTime();
        fly(
                claim().put(
                                base,
                                count -> text.renewed(base, session.context().wallTime(), token, count, store, wanted)),
                (outcome, failure) -> {
                    renewIn(sentAt);
                    if (failure == null) {
                        written(outcome, riding);
                    } else {
                        notWritten(failure, riding);
                    }
                    pump();
                });
    }

    private void written(Outcome outcome, List<CompletableFuture<Void>> riding) {
        if (outcome.sent() != null && lease != null) {
            lease.renewed(outcome.sent().nanoTime());
        }
        Lock lock = outcome.lock();
        if (phase != Phase.SEALING && phase != Phase.LEADING) {
            own = outcome.kind() == Kind.LOST ? null : lock;
            fail(riding);
            return;
        }
        if (outcome.kind() == Kind.LOST || lock == null) {
            riders.addAll(riding);
            lost(lock == null ? Reason.VANISHED : lock.isHeld() ? Reason.SUPERSEDED : Reason.REMOVED);
            return;
        }
        own = own == null || lock.version() > own.version() ? lock : own;
        troubleOver();
        if (outcome.kind() == Kind.APPLIED) {
            riding.forEach(rider -> rider.complete(null));
        } else { // somebody annotates, or it got lost on the way
            riders.addAll(0, riding);
            urgent = true;
        }
    }

    /** The next renewal looks what became of it. */
    private void notWritten(Throwable failure, List<CompletableFuture<Void>> riding) {
        if (Failures.isAnswer(failure)) {
            trouble(failure, "keeping " + candidacy.election());
        }
        HighAvailabilityException told = Failures.ofWrite(failure, "writing the Lease of " + candidacy.election());
        riding.forEach(rider -> rider.completeExceptionally(told));
    }

    private LeadershipLostException notLeading(String act) {
        return new LeadershipLostException(
                act + " in " + candidacy.election() + ": this candidacy does not lead", token, 0);
    }

    private void fail(List<CompletableFuture<Void>> riding) {
        riding.forEach(rider -> rider.completeExceptionally(notLeading("writing the Lease")));
    }

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> wanted) {
        return session.loop().submit(() -> {
            if (phase != Phase.LEADING) {
                throw notLeading("publishing");
            }
            int size = wanted.values().stream()
                    .mapToInt(record -> record.toText().length())
                    .sum();
            if (size > LARGEST_RECORDS) {
                throw new UnavailableException(
                        "publishing " + size + " characters for " + candidacy.election()
                                + ": the annotations of a Lease have room for " + LARGEST_RECORDS,
                        Reason.INITIAL,
                        null);
            }
            records = Map.copyOf(wanted);
            return ride();
        });
    }

    private CompletableFuture<Void> ride() {
        CompletableFuture<Void> rider = new CompletableFuture<>();
        riders.add(rider);
        pump();
        return rider;
    }

    // ---- entries ----

    @Override
    public CompletionStage<String> write(Change change) {
        return session.loop().submit(() -> {
            if (phase != Phase.LEADING) {
                throw notLeading(change.toString());
            }
            return ready().thenCompose(done -> root.write(change))
                    .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                            Failures.ofWrite(failure, change + " in " + candidacy.election())));
        });
    }

    /** The first write says in the Lease, under the lock, that there is a root, before there is one: so every successor seals it (SAFETY S5). */
    private CompletableFuture<Void> ready() {
        if (sealed) {
            return CompletableFuture.completedFuture(null);
        }
        store = true;
        return ride().thenCompose(flagged -> root.seal(token)).thenAccept(larger -> {
            if (larger.isPresent()) {
                throw new LeadershipLostException(
                        "the store of " + candidacy.election() + " is sealed by another leader",
                        token,
                        larger.getAsLong());
            }
            sealed = true;
        });
    }

    // ---- the end ----

    private void over() {
        phase = Phase.OVER;
        for (Timer timer : new Timer[] {retry, renewal}) {
            if (timer != null) {
                timer.close();
            }
        }
        List<CompletableFuture<Void>> waiting = riders;
        riders = new ArrayList<>();
        fail(waiting);
        Observation present = observation;
        if (present != null) {
            session.leases().leave(present, this);
        }
        troubleOver();
    }

    @Override
    public CompletionStage<Void> close() {
        return session.loop().submit(() -> {
            if (phase != Phase.OVER) {
                over();
            }
            return landed().thenCompose(landed -> release())
                    .thenAccept(done -> released = true)
                    .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                            Failures.ofRead(failure, "giving up " + candidacy.election())));
        });
    }

    private CompletableFuture<Void> landed() {
        return flight.thenCompose(landed -> flying ? landed() : CompletableFuture.completedFuture(null));
    }

    private CompletableFuture<Void> release() {
        Claim present = claim;
        if (released || present == null || present.isUntouched()) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> left = own == null
                ? present.look().thenCompose(outcome -> {
                    Lock lock = outcome.lock();
                    return outcome.kind() == Kind.APPLIED && lock != null
                            ? release(present, lock, TRIES)
                            : present.settled(lock);
                })
                : release(present, own, TRIES);
        return left.thenCompose(done -> root.settled());
    }

    private CompletableFuture<Void> release(Claim present, Lock base, int tries) {
        long last = base.record().token();
        return present.put(base, count -> text.released(base, session.context().wallTime(), last, count, store))
                .thenCompose(outcome -> {
                    Lock lock = outcome.lock();
                    own = outcome.kind() == Kind.LOST ? null : lock; // for the next try
                    if (outcome.kind() == Kind.APPLIED) {
                        return CompletableFuture.completedFuture(null);
                    }
                    if (own == null) {
                        return present.settled(lock);
                    }
                    return tries > 1
                            ? release(present, own, tries - 1)
                            : CompletableFuture.failedFuture(session.notReachable("giving up " + candidacy.election()));
                });
    }
}
