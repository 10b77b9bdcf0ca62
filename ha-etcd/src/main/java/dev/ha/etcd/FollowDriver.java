package dev.ha.etcd;

import dev.ha.Reason;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.RecordText;
import io.etcd.jetcd.api.KeyValue;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Who follows one election: tells what the view of the process says. State on the loop only. */
final class FollowDriver implements LeaderRetrievalDriver, Watches.Listener {
    private final Following following;
    private final ElectionKeys keys;
    private final Session session;
    private boolean existed;
    private boolean closed;

    FollowDriver(Following following, ElectionKeys keys, Session session) {
        this.following = following;
        this.keys = keys;
        this.session = session;
    }

    /** On the loop. */
    void start() {
        if (!closed) {
            session.start();
            session.watches().join(keys, this);
            session.watches().want(keys);
            Throwable trouble = session.trouble();
            if (trouble != null && !session.isUp()) {
                following.unknown(Failures.reason(trouble), trouble);
            }
        }
    }

    @Override
    public void changed(View view) {
        following.seen(state(view));
    }

    @Override
    public void unknown(Reason reason, Throwable cause) {
        following.unknown(reason, cause);
    }

    private ElectionState state(View view) {
        if (view.isEmpty()) {
            return new ElectionState("", view.revision(), 0, Map.of(), existed ? Reason.VANISHED : Reason.INITIAL);
        }
        existed = true;
        RecordText record = view.record();
        KeyValue holder = view.holder();
        Reason left =
                record.candidate().isEmpty() ? Reason.INITIAL : record.released() ? Reason.RESIGNED : Reason.EXPIRED;
        if (holder == null) {
            return new ElectionState(view.history(), view.revision(), 0, Map.of(), left);
        }
        // The record may be anybody's work: whose token it is only the holder's key says.
        boolean bound = record.candidate().equals(keys.nonce(holder.getKey())) && !record.released();
        return new ElectionState(
                view.history(),
                view.revision(),
                holder.getCreateRevision(),
                bound ? record.records() : Map.of(),
                bound ? Reason.CONFIRMED : left);
    }

    /** A linearizable read, also taken for what the watch knows. */
    @Override
    public CompletionStage<ElectionState> read() {
        String act = "reading " + keys.name();
        return session.loop().submit(() -> session.whenUp(act)
                .thenCompose(up -> session.connection().range(Requests.all(keys.prefix())))
                .thenApply(answer -> {
                    View view = View.read(keys, answer.getHeader().getRevision(), answer.getKvsList());
                    return state(session.watches().read(keys, view));
                })
                .exceptionallyCompose(failure -> {
                    if (Failures.isUnknown(failure)) {
                        session.suspect();
                    }
                    return CompletableFuture.failedFuture(Failures.ofRead(failure, act));
                }));
    }

    @Override
    public CompletionStage<Void> close() {
        return session.loop().submit(() -> {
            closed = true;
            session.watches().leave(keys, this);
            return CompletableFuture.completedFuture(null);
        });
    }
}
