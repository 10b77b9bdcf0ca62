package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.EventLoop;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.spi.Nonce;
import dev.ha.spi.RecordText;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
    private @Nullable FencedWrites writes;
    private boolean published;
    private boolean everSent;
    private boolean uncertain;
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

    /** Nobody knows what became of the last request, which may still be on its way; a later one that succeeds does not stop it (SAFETY C1). */
    void maybeCreated() {
        uncertain = true;
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
            on.sweep(this, view);
            boolean first = holder != null && holder.getKey().equals(key);
            if (phase == Phase.LEADING && !first) {
                end(Reason.REMOVED, null); // an older one is back: the data were set back to when this one waited
                return;
            }
            if (phase == Phase.QUEUED && first) {
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
        writes = new FencedWrites(session, on, keys, key, value, token);
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
            if (tenure != null) {
                tenure.closed(this);
            }
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
        } else if (uncertain) {
            removal = on.revoke(this, farewell());
        } else if (token == 0) {
            removal = CompletableFuture.completedFuture(null); // never sent, or refused
        } else {
            removal = release();
        }
        return removal.thenAccept(done -> released = true);
    }

    /** Candidate and record in one transaction: the record can only be ours while the candidate is there. */
    private CompletableFuture<Void> release() {
        TxnRequest request = TxnRequest.newBuilder()
                .addCompare(Requests.created(key, token))
                .addSuccess(Requests.delete(key))
                .addAllSuccess(record())
                .build();
        return session.connection().oneOfMany(request).handle((answer, failure) -> {
            if (failure != null) {
                if (Failures.isOfServer(EventLoop.unwrap(failure))) {
                    session.suspect();
                }
                throw Failures.ofRead(failure, "leaving " + keys.name());
            }
            return null;
        });
    }

    /** The record for where the candidate is removed whatever it is by now. */
    private List<RequestOp> farewell() {
        List<RequestOp> record = record();
        return record.isEmpty() ? record : List.of(Requests.nested(Requests.created(key, token), record));
    }

    /** What to write when a leader leaves. */
    private List<RequestOp> record() {
        return published && writes != null
                ? List.of(Requests.put(
                        keys.record(),
                        ByteString.copyFrom(RecordText.released(nonce, token).toBytes())))
                : List.of();
    }

    // ---- writes under the lock ----

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        return session.loop().submit(() -> {
            published = true;
            return writes("publishing").publish(records);
        });
    }

    @Override
    public CompletionStage<String> write(Change change) {
        return session.loop().submit(() -> writes(change.toString()).write(change));
    }

    private FencedWrites writes(String act) {
        FencedWrites present = writes;
        if (present == null) {
            throw new LeadershipLostException(act + " in " + keys.name() + ": this candidacy does not lead", token, 0);
        }
        return present;
    }
}
