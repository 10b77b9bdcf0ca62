package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.ElectionText;
import dev.ha.spi.EventLoop;
import dev.ha.spi.Lease;
import dev.ha.spi.Moment;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One lease of etcd, from the request for it until etcd says that it is gone, and the creation of all candidates on it (SAFETY E1, E3, E4, C1). On the loop only. */
final class Tenure {
    private static final Logger LOG = LoggerFactory.getLogger(Tenure.class);

    /** Candidates in one transaction: three operations each, and etcd takes 128. */
    private static final int BATCH = 32;

    private static final Duration RETRY = Duration.ofMillis(500);
    private static final int TERM_TRIES = 3;
    private static final int QUIET_FAILURES = 2;
    private static final String ASKING = "asking for a lease";

    private enum State {
        NEW,
        GRANTING,
        LIVE,
        OVER
    }

    private final Session session;
    private final Set<CandidateDriver> members = new LinkedHashSet<>();
    private final Set<CandidateDriver> waiting = new LinkedHashSet<>();
    /** Those of a transaction that was refused: each goes alone, for one may spoil it for all. */
    private final Set<CandidateDriver> alone = new LinkedHashSet<>();
    /** Those whose contenders may still work. */
    private final Set<CandidateDriver> open = new HashSet<>();

    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    /** Ids that were asked for in vain, as far as is known. */
    private final List<Long> lost = new ArrayList<>();

    private State state = State.NEW;
    private long id;
    private long gen;
    private @Nullable Lease lease;
    private boolean creating;
    private boolean asked;
    private int setBacks;
    private boolean ranOut;
    private int grantFailures;
    private boolean revoking;

    Tenure(Session session) {
        this.session = session;
    }

    long id() {
        return id;
    }

    /** Null until it is granted. */
    @Nullable
    Lease lease() {
        return lease;
    }

    boolean isLive() {
        return state == State.LIVE;
    }

    boolean isOver() {
        return state == State.OVER;
    }

    /** Done when etcd has no lease of this any more, nor any key on it. */
    CompletableFuture<Void> gone() {
        return gone;
    }

    // ---- the lease ----

    /** A server answers. */
    void up() {
        if (state == State.NEW) {
            grant();
        } else {
            create();
        }
    }

    private void grant() {
        state = State.GRANTING;
        id = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
        asked = true;
        setBacks = session.connection().setBacks();
        long ttl = session.settings().leaseTtl().toSeconds();
        Moment sent = Moment.now(session.context());
        Loop.whenDone(
                session.connection()
                        .call(
                                LeaseGrpc.getLeaseGrantMethod(),
                                LeaseGrantRequest.newBuilder()
                                        .setID(id)
                                        .setTTL(ttl)
                                        .build(),
                                session.settings().requestTimeout()),
                (answer, failure) -> {
                    if (state == State.OVER) {
                        revoke();
                    } else if (failure == null) {
                        granted(answer, sent);
                    } else {
                        grantFailed(failure);
                    }
                });
    }

    private void granted(LeaseGrantResponse answer, Moment sent) {
        Duration ttl = Duration.ofSeconds(answer.getTTL());
        LOG.info(
                "etcd lease {} for {} s (asked for {} s)",
                Long.toHexString(id),
                ttl.toSeconds(),
                session.settings().leaseTtl().toSeconds());
        state = State.LIVE;
        grantFailures = 0;
        session.allowed(ASKING);
        long sentAt = sent.nanoTimeSeenFrom(Moment.now(session.context())); // no lease has watched the clocks so far
        Lease promised = session.context().lease(ttl, Settings.margin(ttl), sentAt);
        lease = promised;
        List.copyOf(members).forEach(member -> member.joined(promised));
        revokeLost();
        judge(); // it may be over already
        create();
    }

    /** Nobody knows whether there is such a lease: another one is asked for, with another id, and nobody who waits for it need notice (SAFETY E4). */
    private void grantFailed(Throwable failure) {
        LOG.debug("No lease: {}", Failures.show(failure));
        state = State.NEW;
        lost.add(id);
        grantFailures++;
        if (Failures.isOfServer(EventLoop.unwrap(failure))) {
            session.suspect();
        }
        if (!Failures.isOfServer(EventLoop.unwrap(failure)) || grantFailures > QUIET_FAILURES) {
            session.denied(ASKING, EventLoop.unwrap(failure), ASKING);
        }
        session.loop().schedule(RETRY, () -> {
            if (state == State.NEW && session.isUp()) {
                grant();
            }
        });
    }

    /** Leases that may have been granted, with nothing on them: one that can't be revoked now runs out. */
    private void revokeLost() {
        for (long each : lost) {
            Loop.whenDone(
                    revocation(each),
                    (done, failure) -> LOG.debug(
                            "Lease {}, never used: {}",
                            Long.toHexString(each),
                            failure == null ? "revoked" : Failures.show(failure)));
        }
        lost.clear();
    }

    /** A keep-alive, and a linearizable read behind it: only that proves that whoever answered decides (SAFETY E1). */
    CompletableFuture<Void> renew() {
        return renew(TERM_TRIES);
    }

    private CompletableFuture<Void> renew(int tries) {
        Duration timeout = session.settings().tryTimeout();
        long sentAt = session.nanoTime();
        return session.connection()
                .call(
                        LeaseGrpc.getLeaseKeepAliveMethod(),
                        LeaseKeepAliveRequest.newBuilder().setID(id).build(),
                        timeout)
                .thenCompose(renewed -> session.connection().prove(timeout).thenCompose(proof -> {
                    Lease present = lease;
                    if (session.connection().setBacks()
                            != setBacks) { // what a leader has written since is gone: it has to know
                        end(
                                Reason.HISTORY_RESET,
                                new UnavailableException(
                                        "etcd has older data than before, or is another cluster",
                                        Reason.HISTORY_RESET,
                                        null));
                    } else if (renewed.getTTL() <= 0) {
                        end(Reason.EXPIRED, new UnavailableException("the lease has run out", Reason.EXPIRED, null));
                    } else if (!isOfOneTerm(renewed.getHeader(), proof.getHeader())) {
                        LOG.debug("etcd has changed its leader; the lease is renewed again");
                        return tries > 1
                                ? renew(tries - 1)
                                : CompletableFuture.failedFuture(new IllegalStateException("etcd changes its leader"));
                    } else if (present != null && state == State.LIVE) {
                        present.renewed(sentAt);
                        judge();
                    }
                    return CompletableFuture.completedFuture(null);
                }));
    }

    private static boolean isOfOneTerm(ResponseHeader renewed, ResponseHeader proof) {
        return renewed.getRaftTerm() == proof.getRaftTerm() && renewed.getClusterId() == proof.getClusterId();
    }

    /** What is over by the clock is over, whatever etcd would say. */
    void judge() {
        if (state == State.LIVE && lease != null && !lease.isValid()) {
            ranOut = true;
            end(
                    Reason.EXPIRED,
                    new UnavailableException("the lease could not be renewed in time", Reason.EXPIRED, null));
        }
    }

    /** All grants on it are invalid when this returns, and all candidates have ended. */
    void end(Reason reason, @Nullable Throwable cause) {
        if (state == State.OVER) {
            return;
        }
        state = State.OVER;
        LOG.info("etcd lease {} is over: {}", Long.toHexString(id), cause == null ? reason : cause.getMessage());
        if (lease != null) {
            lease.end(reason, cause);
        }
        waiting.forEach(CandidateDriver::notCreated);
        waiting.clear();
        alone.forEach(CandidateDriver::notCreated);
        alone.clear();
        if (!asked) {
            gone.complete(null);
        }
        List<CandidateDriver> ended = List.copyOf(members);
        members.clear();
        session.over(this);
        ended.forEach(member -> member.over(reason, cause));
    }

    /** Whether nobody works under it any more, or may by its deadline. */
    boolean isUnused() {
        return open.isEmpty() || ranOut;
    }

    /**
     * Removes it from etcd, with all its keys; again at each beat until etcd says so. While a contender may still work only looks whether it is gone there: the lock
     * is that contender's until it has returned or its time is over (SAFETY V1), for which the engine closes its candidacy.
     */
    void revoke() {
        if (gone.isDone()) {
            session.gone(this);
            return;
        }
        if (revoking) {
            return;
        }
        revoking = true;
        boolean unused = isUnused();
        Loop.whenDone(unused ? revocation(id) : outdate(), (answer, failure) -> {
            revoking = false;
            if (failure == null ? unused : Failures.isNoLease(failure)) {
                gone.complete(null);
                session.gone(this);
            } else if (failure == null && isUnused()) {
                revoke();
            } else if (failure != null) {
                LOG.debug("Lease {} is not revoked yet: {}", Long.toHexString(id), Failures.show(failure));
            }
        });
    }

    private CompletableFuture<Void> revocation(long which) {
        return session.connection()
                .call(
                        LeaseGrpc.getLeaseRevokeMethod(),
                        LeaseRevokeRequest.newBuilder().setID(which).build(),
                        session.settings().requestTimeout())
                .thenAccept(answer -> {});
    }

    // ---- candidates ----

    /** Takes a candidate in, which is created as soon as may be. */
    void join(CandidateDriver member) {
        members.add(member);
        open.add(member);
        waiting.add(member);
        if (lease != null) {
            member.joined(lease);
        }
        create();
    }

    /** It is over, or gone. */
    void leave(CandidateDriver member) {
        members.remove(member);
        boolean waited = waiting.remove(member);
        boolean waitedAlone = alone.remove(member);
        if (waited || waitedAlone) {
            member.notCreated();
        }
    }

    /** Nobody works under it any more, or the time for that is over. */
    void closed(CandidateDriver member) {
        if (open.remove(member) && open.isEmpty() && state == State.OVER && session.isUp()) {
            revoke();
        }
    }

    /** One transaction at a time, so that what comes meanwhile is in the next one. */
    private void create() {
        if (state != State.LIVE || creating || (waiting.isEmpty() && alone.isEmpty()) || !session.isUp()) {
            return;
        }
        List<CandidateDriver> batch = new ArrayList<>();
        Iterator<CandidateDriver> all = (alone.isEmpty() ? waiting : alone).iterator();
        int size = alone.isEmpty() ? BATCH : 1;
        while (all.hasNext() && batch.size() < size) {
            batch.add(all.next());
            all.remove();
        }
        creating = true;
        long expected = gen;
        ByteString genKey = session.keys().gen(id);
        TxnRequest.Builder request = TxnRequest.newBuilder()
                .addCompare(Requests.written(genKey, expected))
                .addFailure(Requests.get(genKey));
        for (CandidateDriver member : batch) {
            member.sent();
            request.addSuccess(Requests.putIfAbsent(
                            member.keys().root(),
                            ByteString.copyFrom(ElectionText.fresh(member.keys().name()))))
                    .addSuccess(Requests.put(member.key(), member.value(), id))
                    .addSuccess(Requests.get(Requests.all(member.keys().prefix())));
        }
        Loop.whenDone(session.connection().txn(request.build()), (answer, failure) -> {
            creating = false;
            if (failure != null) {
                failed(batch, failure);
            } else if (answer.getSucceeded()) {
                created(batch, answer);
            } else {
                revoked(batch, answer.getResponses(0).getResponseRange());
            }
            create();
        });
    }

    private void created(List<CandidateDriver> batch, TxnResponse answer) {
        long revision = answer.getHeader().getRevision();
        for (int i = 0; i < batch.size(); i++) {
            CandidateDriver member = batch.get(i);
            session.allowed(member.keys());
            List<KeyValue> found =
                    answer.getResponses(3 * i + 2).getResponseRange().getKvsList();
            member.created(View.read(member.keys(), revision, found));
        }
    }

    /** Creations were revoked meanwhile: not ours, or we would not be here. */
    private void revoked(List<CandidateDriver> batch, RangeResponse found) {
        genSeen(found);
        again(batch, waiting);
    }

    private void again(List<CandidateDriver> batch, Set<CandidateDriver> queue) {
        for (CandidateDriver member : batch) {
            if (member.isWanted() && state == State.LIVE) {
                queue.add(member);
            } else {
                member.notCreated();
            }
        }
    }

    private void failed(List<CandidateDriver> batch, Throwable failure) {
        LOG.debug("{} candidate(s) not created: {}", batch.size(), Failures.show(failure));
        if (Failures.isUnknown(failure)) {
            batch.forEach(CandidateDriver::maybeCreated);
        }
        if (Failures.isNoLease(failure)) {
            again(batch, waiting);
            end(Reason.EXPIRED, new UnavailableException("the lease has run out", Reason.EXPIRED, failure));
        } else if (Failures.isOfServer(EventLoop.unwrap(failure))) {
            // Sent again when a server answers. What this request may still do is outdated when the candidate leaves.
            creating = true;
            again(batch, waiting);
            session.loop().schedule(RETRY, () -> {
                creating = false;
                create();
            });
            session.suspect();
        } else if (batch.size() > 1) {
            again(batch, alone);
        } else {
            refused(batch.get(0), EventLoop.unwrap(failure));
        }
    }

    private void refused(CandidateDriver member, Throwable failure) {
        String act = "queueing for " + member.keys().name();
        if (Failures.isDenied(failure)) {
            session.denied(member.keys(), failure, act); // until it is not, whichever candidate asks
        }
        member.notCreated();
        member.over(Failures.reason(failure), Failures.ofRead(failure, act));
    }

    /**
     * Removes candidates on this lease that are nobody's: there is one candidacy at a time, so all but {@code member} are orphans. They come back when etcd is restored
     * from a backup that knows the lease, and would live as long as this process (SAFETY C1).
     */
    void sweep(CandidateDriver member, View view) {
        for (KeyValue found : view.candidatesOn(id)) {
            if (!found.getKey().equals(member.key())) {
                LOG.info(
                        "{} has a candidate of ours that nobody owns; it is removed",
                        member.keys().name());
                CompletableFuture<Void> unused = session.connection()
                        .txn(TxnRequest.newBuilder()
                                .addCompare(Requests.created(found.getKey(), found.getCreateRevision()))
                                .addSuccess(Requests.delete(found.getKey()))
                                .build())
                        .handle((answer, failure) -> null); // seen again as long as it is there
            }
        }
    }

    /** Removes a candidate whose creation may still be on its way: {@code farewell}, and whatever arrives later fails (SAFETY C1). */
    CompletableFuture<Void> revoke(CandidateDriver member, List<RequestOp> farewell) {
        return outdate(farewell, member.key()).handle((answer, failure) -> {
            if (failure != null && !Failures.isNoLease(failure)) {
                throw Failures.ofRead(
                        failure, "removing a candidate of " + member.keys().name());
            }
            return null;
        });
    }

    // ---- what creations are conditional on ----

    /** The mod revision that the key of this lease must have for anything to be created under it. */
    long gen() {
        return gen;
    }

    /** What it is in etcd, as far as is known now. */
    void genSeen(RangeResponse found) {
        gen = Math.max(gen, found.getKvsCount() == 0 ? 0 : found.getKvs(0).getModRevision());
    }

    /** No creation that was sent before this is carried out when this is done; fails if the lease is gone, and all keys of it. */
    CompletableFuture<Void> outdate() {
        return outdate(List.of());
    }

    private CompletableFuture<Void> outdate(List<RequestOp> before, ByteString... removed) {
        TxnRequest.Builder request = TxnRequest.newBuilder().addAllSuccess(before);
        for (ByteString key : removed) {
            request.addSuccess(Requests.delete(key));
        }
        request.addSuccess(Requests.put(session.keys().gen(id), ByteString.copyFromUtf8(session.process()), id));
        return session.connection()
                .txn(request.build())
                .thenAccept(answer -> gen = Math.max(gen, answer.getHeader().getRevision()));
    }
}
