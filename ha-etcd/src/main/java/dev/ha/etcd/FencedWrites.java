package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.Change;
import dev.ha.spi.EntryText;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.RecordText;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** The writes of one leader: each is a transaction that is bound to key and value of its candidate (SAFETY E3, S2). On the loop only. */
final class FencedWrites {
    private final Session session;
    private final Tenure tenure;
    private final ElectionKeys keys;
    private final ByteString key;
    private final ByteString value;
    private final long token;
    /** The creation of an entry may still be on its way. */
    private boolean creationMayArrive;

    /** {@code key}, {@code value} and {@code token} are those of the candidate that leads. */
    FencedWrites(Session session, Tenure tenure, ElectionKeys keys, ByteString key, ByteString value, long token) {
        this.session = session;
        this.tenure = tenure;
        this.keys = keys;
        this.key = key;
        this.value = value;
        this.token = token;
    }

    // ---- records ----

    CompletableFuture<Void> publish(Map<String, LeaderRecord> records) {
        String act = "publishing for " + keys.name();
        String nonce = keys.nonce(key);
        ByteString text =
                ByteString.copyFrom(RecordText.published(nonce, token, records).toBytes());
        return fenced(act, () -> {
            TxnRequest request =
                    fence().addSuccess(Requests.put(keys.record(), text)).build();
            return session.connection().oneOfMany(request).thenApply(answer -> {
                if (!answer.getSucceeded()) {
                    throw lost(act);
                }
                return null;
            });
        });
    }

    // ---- entries ----

    /** The new version of the entry; empty after a deletion. */
    CompletableFuture<String> write(Change change) {
        String act = change + " in " + keys.name();
        return fenced(act, () -> prepared(change)
                .thenCompose(ready -> send(change, act, false))
                .exceptionallyCompose(failure -> {
                    if (!Failures.isUnknown(failure)) {
                        return CompletableFuture.failedFuture(failure);
                    }
                    creationMayArrive |= change.kind() == Change.Kind.CREATE;
                    session.suspect();
                    return repeat(change, act)
                            .exceptionallyCompose(second ->
                                    CompletableFuture.failedFuture(Failures.isAnswer(second) ? second : failure));
                }));
    }

    /**
     * Sent once more when nobody can tell what became of it (SAFETY S10): the version that a change expects is there once only, so the second answer tells of both.
     * That an entry is missing may be true again, so the first request of a creation is outdated before.
     */
    private CompletableFuture<String> repeat(Change change, String act) {
        return session.whenProven(act)
                .thenCompose(well -> prepared(change))
                .thenCompose(ready -> send(change, act, true));
    }

    private CompletableFuture<Void> prepared(Change change) {
        if (change.kind() != Change.Kind.CREATE || !creationMayArrive) {
            return CompletableFuture.completedFuture(null);
        }
        return tenure.outdate()
                .thenAccept(done -> creationMayArrive = false)
                .exceptionallyCompose(
                        failure -> CompletableFuture.failedFuture(Failures.ofRead(failure, change.toString())));
    }

    private CompletableFuture<String> send(Change change, String act, boolean repeated) {
        long gen = tenure.gen();
        return session.connection().oneOfMany(conditional(change, gen)).thenCompose(answer -> {
            if (answer.getSucceeded()) {
                return CompletableFuture.completedFuture(written(change, answer));
            }
            String version = refused(change, answer, act);
            tenure.genSeen(answer.getResponses(2).getResponseRange());
            if (change.kind() == Change.Kind.CREATE && version.isEmpty() && tenure.gen() != gen) {
                return send(change, act, repeated); // outdated for another one's sake
            }
            boolean deletedBefore = repeated && change.kind() == Change.Kind.DELETE;
            return version.isEmpty() && !deletedBefore
                    ? CompletableFuture.failedFuture(new ConflictException(change + ": found no entry"))
                    : CompletableFuture.completedFuture(version);
        });
    }

    private TxnRequest conditional(Change change, long gen) {
        ByteString entry = keys.entry(change.name());
        ByteString genKey = session.keys().gen(tenure.id());
        RequestOp write = change.kind() == Change.Kind.DELETE
                ? Requests.delete(entry)
                : Requests.put(entry, ByteString.copyFrom(EntryText.write(change.writeId(), change.value())));
        TxnRequest.Builder request = fence().addCompare(Requests.written(entry, expected(change)))
                .addSuccess(write)
                .addFailure(Requests.get(key))
                .addFailure(Requests.get(entry))
                .addFailure(Requests.get(genKey));
        if (change.kind() == Change.Kind.CREATE) {
            request.addCompare(Requests.written(genKey, gen));
        }
        return request.build();
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

    /** The version of the entry if this change has written it after all, empty if there is none. */
    private String refused(Change change, TxnResponse answer, String act) {
        RangeResponse own = answer.getResponses(0).getResponseRange();
        RangeResponse found = answer.getResponses(1).getResponseRange();
        String version =
                found.getKvsCount() == 0 ? "" : Long.toString(found.getKvs(0).getModRevision());
        if (!version.isEmpty()
                && EntryText.read(change.name(), found.getKvs(0).getValue().toByteArray(), version)
                        .writeId()
                        .equals(change.writeId())) {
            return version;
        }
        if (!isOurs(own)) {
            throw lost(act);
        }
        if (!version.isEmpty()) {
            throw new ConflictException(change + ": found version " + version);
        }
        return version;
    }

    private boolean isOurs(RangeResponse candidate) {
        KeyValue found = candidate.getKvsCount() == 0 ? KeyValue.getDefaultInstance() : candidate.getKvs(0);
        return found.getCreateRevision() == token && found.getValue().equals(value);
    }

    // ---- the fence ----

    private TxnRequest.Builder fence() {
        return TxnRequest.newBuilder()
                .addCompare(Requests.created(key, token))
                .addCompare(Requests.hasValue(key, value));
    }

    private LeadershipLostException lost(String act) {
        return new LeadershipLostException(act + ": the candidate " + keys.nonce(key) + " is gone", token, 0);
    }

    private <T> CompletableFuture<T> fenced(String act, Supplier<CompletableFuture<T>> request) {
        if (tenure.isOver()) {
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
