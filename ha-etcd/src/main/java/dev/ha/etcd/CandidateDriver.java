package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.EntryText;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.spi.RecordText;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One candidate: a key of its own name on the lease of the process. It leads when it is the first of a view that is not older than its creation; what it writes, the
 * transaction itself binds to its key and value (SAFETY E3, S2). State on the loop only.
 */
final class CandidateDriver implements LeaderElectionDriver, Watches.Listener {
    private enum Phase {
        CREATING,
        QUEUED,
        LEADING,
        OVER
    }

    private final Candidacy candidacy;
    private final ElectionKeys keys;
    private final Session session;
    private final String nonce = Nonce.fresh();
    private final ByteString key;
    /** Done when no request for the creation is under way any more. */
    private CompletableFuture<Void> creation = CompletableFuture.completedFuture(null);

    private @Nullable Tenure tenure;
    private ByteString value = ByteString.EMPTY;
    private Phase phase = Phase.CREATING;
    private long token;
    private long seenRecord = -1;
    private boolean led;
    private boolean published;
    private boolean everSent;
    private boolean released;

    CandidateDriver(Candidacy candidacy, ElectionKeys keys, Session session) {
        this.candidacy = candidacy;
        this.keys = keys;
        this.session = session;
        this.key = keys.candidate(nonce);
    }

    /** Queues, on the loop. */
    void start() {
        if (phase != Phase.OVER) {
            Tenure present = session.tenure();
            tenure = present;
            session.watches().join(keys, this);
            present.join(this);
        }
    }

    // ---- creation ----

    ElectionKeys keys() {
        return keys;
    }

    ByteString key() {
        return key;
    }

    /** Nonce and process. Nobody changes it, so that whoever does breaks the fence. */
    ByteString value() {
        if (value.isEmpty()) {
            value = ByteString.copyFromUtf8(nonce + " " + session.process());
        }
        return value;
    }

    /** It lives on this lease. */
    void joined(Lease lease) {
        candidacy.joined(lease);
    }

    boolean isWanted() {
        return phase == Phase.CREATING;
    }

    /** The request is about to leave. */
    void sent() {
        everSent = true;
        if (creation.isDone()) {
            creation = new CompletableFuture<>();
        }
    }

    /** No answer that could be believed, and no further request for now. */
    void notCreated() {
        creation.complete(null);
    }

    void created(View view) {
        KeyValue own = view.get(key);
        token = own == null ? 0 : own.getCreateRevision();
        if (phase == Phase.CREATING) {
            phase = Phase.QUEUED;
            changed(session.watches().read(keys, view)); // the watch may know more already
        }
        creation.complete(null);
    }

    // ---- waiting for the turn, and leading ----

    @Override
    public void changed(View view) {
        if (phase != Phase.QUEUED && phase != Phase.LEADING) {
            return;
        }
        KeyValue own = view.get(key);
        Tenure on = tenure;
        if (view.history().isEmpty()) {
            end(Reason.VANISHED, null);
        } else if (own == null
                || own.getCreateRevision() != token
                || !own.getValue().equals(value)
                || on == null
                || own.getLease() != on.id()) {
            end(Reason.REMOVED, null); // by hand, or touched, which breaks the fence or takes it off its lease
        } else {
            KeyValue holder = view.holder();
            if (phase == Phase.QUEUED) {
                on.sweep(this, view);
            }
            if (phase == Phase.QUEUED && holder != null && holder.getKey().equals(key)) {
                lead(on, view);
            }
            if (phase == Phase.LEADING && view.recordRevision() != seenRecord) {
                seenRecord = view.recordRevision();
                RecordText record = view.record();
                candidacy.recordsSeen(record.candidate().equals(nonce) ? record.records() : Map.of());
            }
        }
    }

    private void lead(Tenure on, View view) {
        on.judge();
        Lease lease = on.lease();
        if (phase != Phase.QUEUED || lease == null) {
            return;
        }
        phase = Phase.LEADING;
        led = true;
        candidacy.granted(Grant.of(token, view.history(), lease));
    }

    @Override
    public void unknown(Reason reason, Throwable cause) {
        // The lease goes on to its own deadline.
    }

    // ---- the end ----

    /** The lease is over, or it could not be created. */
    void over(Reason reason, @Nullable Throwable cause) {
        end(reason, cause);
    }

    private void end(Reason reason, @Nullable Throwable cause) {
        if (phase != Phase.OVER) {
            leaveLease();
            session.watches().leave(keys, this);
            candidacy.ended(reason, cause);
        }
    }

    private void leaveLease() {
        phase = Phase.OVER;
        if (tenure != null) {
            tenure.leave(this);
        }
    }

    @Override
    public CompletionStage<Void> close() {
        return session.loop().submit(() -> {
            boolean listens = phase != Phase.OVER;
            leaveLease();
            CompletableFuture<Void> removal = creation.thenCompose(done -> remove()); // the successor waits for it
            if (listens) {
                session.watches().leave(keys, this);
            }
            return removal;
        });
    }

    /** Done when nothing of it is in the backend, and nothing can come any more (SAFETY C1). */
    private CompletableFuture<Void> remove() {
        Tenure on = tenure;
        if (released || !everSent || on == null) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> removal;
        if (on.isOver()) {
            removal = on.gone().copy();
        } else if (token == 0) {
            removal = on.revoke(this);
        } else {
            removal = release();
        }
        return removal.thenAccept(done -> released = true);
    }

    /** Candidate and record in one transaction: the record can only be ours while the candidate is there. */
    private CompletableFuture<Void> release() {
        TxnRequest.Builder request =
                TxnRequest.newBuilder().addCompare(Requests.created(key, token)).addSuccess(Requests.delete(key));
        if (led && published) {
            request.addSuccess(Requests.put(
                    keys.record(),
                    ByteString.copyFrom(RecordText.released(nonce, token).toBytes())));
        }
        return session.connection().txn(request.build()).handle((answer, failure) -> {
            if (failure != null) {
                if (Failures.isOfServer(Failures.unwrap(failure))) {
                    session.suspect();
                }
                throw Failures.ofRead(failure, "leaving " + keys.name());
            }
            return null;
        });
    }

    // ---- writes under the lock ----

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        return session.loop().submit(() -> {
            String act = "publishing for " + keys.name();
            published = true;
            ByteString text = ByteString.copyFrom(
                    RecordText.published(nonce, token, records).toBytes());
            return fenced(act, () -> {
                TxnRequest request =
                        fence().addSuccess(Requests.put(keys.record(), text)).build();
                return session.connection().txn(request).thenApply(answer -> {
                    if (!answer.getSucceeded()) {
                        throw lost(act);
                    }
                    return null;
                });
            });
        });
    }

    @Override
    public CompletionStage<String> write(Change change) {
        String act = change + " in " + keys.name();
        return session.loop().submit(() -> fenced(act, () -> write(change, act, false)));
    }

    /** Sent once more when nobody can tell what became of it: the version that it expects is there once only, so the second answer tells of both (SAFETY S10). */
    private CompletableFuture<String> write(Change change, String act, boolean repeated) {
        return session.connection()
                .txn(conditional(change))
                .thenApply(answer -> answer.getSucceeded() ? written(change, answer) : refused(change, answer, act))
                .exceptionallyCompose(failure -> repeated || !Failures.isUnknown(failure)
                        ? CompletableFuture.failedFuture(failure)
                        : session.whenUp(act)
                                .exceptionallyCompose(late -> CompletableFuture.failedFuture(failure))
                                .thenCompose(up -> write(change, act, true)));
    }

    private TxnRequest conditional(Change change) {
        ByteString entry = keys.entry(change.name());
        RequestOp write = change.kind() == Change.Kind.DELETE
                ? Requests.delete(entry)
                : Requests.put(entry, ByteString.copyFrom(EntryText.write(change.writeId(), change.value())));
        return fence().addCompare(Requests.written(entry, expected(change)))
                .addSuccess(write)
                .addFailure(Requests.get(key))
                .addFailure(Requests.get(entry))
                .build();
    }

    /** The mod revision that the entry must have; -1, which no key has, for what is no version of ours. */
    private static long expected(Change change) {
        try {
            return change.kind() == Change.Kind.CREATE ? 0 : Math.max(1, Long.parseLong(change.expectedVersion()));
        } catch (NumberFormatException notOurs) {
            return -1;
        }
    }

    private static String written(Change change, TxnResponse answer) {
        return change.kind() == Change.Kind.DELETE
                ? ""
                : Long.toString(answer.getHeader().getRevision());
    }

    private String refused(Change change, TxnResponse answer, String act) {
        RangeResponse own = answer.getResponses(0).getResponseRange();
        RangeResponse found = answer.getResponses(1).getResponseRange();
        if (found.getKvsCount() > 0) {
            KeyValue entry = found.getKvs(0);
            String version = Long.toString(entry.getModRevision());
            if (EntryText.read(change.name(), entry.getValue().toByteArray(), version)
                    .writeId()
                    .equals(change.writeId())) {
                return version; // the first request has arrived after all
            }
        }
        if (own.getKvsCount() == 0
                || own.getKvs(0).getCreateRevision() != token
                || !own.getKvs(0).getValue().equals(value)) {
            throw lost(act);
        }
        throw new ConflictException(change + ": found "
                + (found.getKvsCount() == 0
                        ? "no entry"
                        : "version " + found.getKvs(0).getModRevision()));
    }

    private TxnRequest.Builder fence() {
        return TxnRequest.newBuilder()
                .addCompare(Requests.created(key, token))
                .addCompare(Requests.hasValue(key, value));
    }

    private LeadershipLostException lost(String act) {
        return new LeadershipLostException(act + ": the candidate " + nonce + " is gone", token, 0);
    }

    private <T> CompletableFuture<T> fenced(String act, Supplier<CompletableFuture<T>> request) {
        Tenure on = tenure;
        if (!led || on == null) {
            throw new LeadershipLostException(act + ": this candidacy does not lead", token, 0);
        }
        if (on.isOver()) {
            throw new LeadershipLostException(act + ": the lease is over", token, 0);
        }
        if (!session.isUp()) {
            Throwable why = session.trouble();
            throw Failures.notSent(act, why == null ? Reason.CONNECTION_LOST : Failures.reason(why), why);
        }
        return request.get().exceptionallyCompose(failure -> {
            if (Failures.isUnknown(failure)) {
                session.suspect();
            }
            return CompletableFuture.failedFuture(Failures.ofWrite(failure, act));
        });
    }
}
