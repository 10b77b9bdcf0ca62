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
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Moment;
import dev.ha.spi.Nonce;
import dev.ha.spi.Pace;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One candidacy: takes the Lease of its election when it may, holds it, and gives it up. State on the loop only. */
final class CandidateDriver implements LeaderElectionDriver, Observation.Listener {
    private static final int TRIES = 3;

    private final Candidacy candidacy;
    private final Session session;
    private final LockText text;
    private final Root root;
    private final Pace pace = new Pace();
    private @Nullable Observation observation;
    private @Nullable Claim claim;
    private @Nullable Holding holding;
    /** What the last PUT that was to take the Lease says. */
    private @Nullable Term term;
    /** Whether only a look, and not the Lease, has said that there is no root. */
    private boolean unsure;

    private @Nullable Timer retry;
    /** Whether the last attempt has failed. */
    private boolean failed;
    /** Not known to be ours: to be read before anything is written. */
    private boolean lost;

    private boolean over;
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
        if (!over) {
            observation = session.leases().join(candidacy.election(), this);
            claim = new Claim(session, observation, text);
            changed();
        }
    }

    @Override
    public void changed() {
        Observation present = observation;
        Claim own = claim;
        if (over || present == null || own == null) {
            return;
        }
        if (holding != null) {
            holding.check(present.lock());
        } else if (present.isKnown() && !own.isFlying() && retry == null) {
            step(present, own);
        }
    }

    @Override
    public void unknown(UnavailableException trouble) {
        if (!over && observation != null) {
            session.troubles().add(observation, trouble); // until it can be read
        }
    }

    // ---- waiting for the turn ----

    private void step(Observation present, Claim own) {
        Lock lock = present.lock();
        Moment sent = lock == null ? null : own.sent(lock);
        if (lock != null && sent != null) {
            hold(present, own, lock, sent); // a PUT of ours that came late (SAFETY C2)
        } else if (present.opensAt() <= session.loop().nanoTime()) {
            if (lock == null) {
                create(own);
            } else {
                take(present, own, lock);
            }
        } // else the observation tells when it is time
    }

    private void create(Claim own) {
        own.fly(own.create(), (lock, failure) -> {
            if (failure == null) {
                goOn(null);
            } else if (Failures.isConflict(failure) || Failures.isUnknown(failure)) { // somebody was faster, perhaps we
                own.fly(own.look(), (found, unread) -> goOn(unread != null || found.lock() != null ? unread : failure));
            } else {
                goOn(failure);
            }
        });
    }

    private void take(Observation present, Claim own, Lock lock) {
        CompletableFuture<OptionalLong> seal =
                lock.store().isPresent() ? CompletableFuture.completedFuture(OptionalLong.empty()) : root.look();
        own.fly(seal, (found, failure) -> {
            if (failure != null) {
                goOn(failure);
            } else if (over || present.lock() != lock) {
                changed();
            } else {
                put(present, own, lock, found);
            }
        });
    }

    private void put(Observation present, Claim own, Lock lock, OptionalLong seal) {
        Term wanted;
        try {
            long former = Math.max(lock.record().token(), seal.orElse(0));
            wanted = new Term( // SAFETY K3
                    lock.history(),
                    Math.max(lock.version(), Term.after(former)),
                    lock.store().orElse(seal.isPresent()));
        } catch (CorruptDataException unusable) {
            goOn(unusable);
            return;
        }
        term = wanted;
        unsure |= lock.store().isEmpty();
        own.fly(
                own.put(lock, count -> text.taken(lock, session.context().wallTime(), wanted, count)),
                (outcome, failure) -> {
                    if (over) {
                        return; // closed meanwhile, and that looks again
                    }
                    if (failure != null) {
                        goOn(failure);
                    } else if (outcome.sent() != null && outcome.lock() != null) {
                        hold(present, own, outcome.lock(), outcome.sent());
                    } else if (outcome.failure() != null) {
                        trouble(outcome.failure());
                        later(session.pause(pace, outcome.failure()));
                    } else if (outcome.kind() == Kind.AGAIN || present.lock() == lock) {
                        later(pace.next(session.loop().nanoTime()));
                    } else {
                        goOn(null);
                    }
                });
    }

    /** At once; after {@code failure} when that has been told, and some time has passed. */
    private void goOn(@Nullable Throwable failure) {
        if (over) {
            return;
        }
        if (failure == null) {
            failed = false;
            session.troubles().remove(this);
            changed();
            return;
        }
        if (Failures.isOfServer(failure)
                || Loop.unwrap(failure) instanceof HighAvailabilityException
                || (session.isReachable() && Failures.isUnknown(failure) && failed)) {
            trouble(failure);
        } // of an outage everybody hears from the session
        failed = true;
        later(session.pause(pace, failure));
    }

    private void trouble(Throwable failure) {
        session.troubles().add(this, Failures.unavailable(failure, "contending for " + candidacy.election()));
    }

    private void later(Duration wait) {
        if (retry == null) {
            retry = session.loop().schedule(wait, () -> {
                retry = null;
                changed();
            });
        }
    }

    private void hold(Observation present, Claim own, Lock lock, Moment sent) {
        session.troubles().remove(this);
        Holding begun = new Holding(candidacy, session, text, own, root, lock, sent, this::lost);
        holding = begun;
        begun.begin(present.lock(), unsure);
    }

    private void lost(Reason reason, @Nullable Throwable cause) {
        if (!over) {
            over();
            lost = true;
            candidacy.ended(reason, cause);
        }
    }

    // ---- leading ----

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        return session.loop().submit(() -> holding("publishing").publish(records));
    }

    @Override
    public CompletionStage<String> write(Change change) {
        return session.loop().submit(() -> holding(change.toString()).write(change));
    }

    private Holding holding(String act) {
        Holding present = holding;
        if (present == null) {
            throw new LeadershipLostException(
                    act + " in " + candidacy.election() + ": this candidacy does not lead", 0, 0);
        }
        return present;
    }

    // ---- the end ----

    private void over() {
        over = true;
        if (retry != null) {
            retry.close();
        }
        if (holding != null) {
            holding.end();
        }
        root.end();
        if (observation != null) {
            session.leases().leave(observation, this);
        }
        session.troubles().remove(this);
    }

    @Override
    public CompletionStage<Void> close() {
        return session.loop().submit(() -> {
            if (!over) {
                over();
            }
            Claim own = claim;
            if (released || own == null) {
                return CompletableFuture.completedFuture(null);
            }
            return own.landed()
                    .thenCompose(landed -> leave(own))
                    .thenCompose(left -> root.settled())
                    .thenAccept(done -> released = true)
                    .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                            Failures.ofRead(failure, "giving up " + candidacy.election())));
        });
    }

    private CompletableFuture<Void> leave(Claim own) {
        if (own.isUntouched()) {
            return CompletableFuture.completedFuture(null);
        }
        return holding == null || lost
                ? own.look().thenCompose(found -> left(own, found, TRIES))
                : release(own, holding.own(), TRIES);
    }

    private CompletableFuture<Void> release(Claim own, Lock base, int tries) {
        Instant now = session.context().wallTime();
        Term said = holding != null ? holding.term() : term != null ? term : Term.of(base); // never what was stripped
        return own.put(base, count -> text.released(base, now, said, count))
                .thenCompose(outcome -> outcome.kind() == Kind.APPLIED
                        ? CompletableFuture.completedFuture(null)
                        : left(own, outcome, tries - 1));
    }

    /** Releases what is still ours. */
    private CompletableFuture<Void> left(Claim own, Outcome found, int tries) {
        Lock lock = found.lock();
        if (lock == null || !lock.holder().equals(text.identity())) {
            return own.settled(lock);
        }
        return tries > 0
                ? release(own, lock, tries)
                : CompletableFuture.failedFuture(session.notReachable("giving up " + candidacy.election()));
    }
}
