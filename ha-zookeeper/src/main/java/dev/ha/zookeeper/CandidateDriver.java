package dev.ha.zookeeper;

import dev.ha.ConflictException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * One candidate: a node of its own name on one session, which watches itself and its predecessor. It leads when a look behind its creation shows it first
 * (SAFETY Z8); what it writes, the transaction itself binds to its node (Z3, Z4).
 */
final class CandidateDriver implements LeaderElectionDriver, Session.Member {
    private static final int CREATE_ATTEMPTS = 5;
    private static final Duration RETRY = Duration.ofMillis(500);

    private enum Phase {
        NEW,
        CREATING,
        QUEUED,
        LEADING,
        OVER
    }

    private final Candidacy candidacy;
    private final ElectionPaths paths;
    private final Session session;
    private final Sessions sessions;
    private final Reaper reaper;
    private final BackendContext context;
    private final String nonce = CandidateName.newNonce();
    private final Watcher ownWatch = this::ownChanged;
    private final Watcher predecessorWatch = this::predecessorChanged;
    private final Watcher recordWatch = this::recordChanged;
    private final CompletableFuture<Void> creation = new CompletableFuture<>();
    private final Object lock = new Object();
    private Phase phase = Phase.NEW;
    private String name = "";
    private String predecessor = "";
    private String next = "";
    private long token;
    /** The server will tell this connection of the own node's end before it tells it of anything that happens later. */
    private boolean armed;

    private boolean led;
    private boolean published;
    private boolean looking;
    private boolean lookAgain;
    private boolean retryScheduled;
    private boolean released;

    CandidateDriver(
            Candidacy candidacy,
            ElectionPaths paths,
            Session session,
            Sessions sessions,
            Reaper reaper,
            BackendContext context) {
        this.candidacy = candidacy;
        this.paths = paths;
        this.session = session;
        this.sessions = sessions;
        this.reaper = reaper;
        this.context = context;
    }

    // ---- joining the queue ----

    @Override
    public void usable() {
        boolean leads;
        synchronized (lock) {
            if (phase == Phase.OVER || phase == Phase.CREATING) {
                return;
            }
            if (phase == Phase.NEW) {
                phase = Phase.CREATING;
            }
            leads = phase == Phase.LEADING;
            armed = false; // a watch whose answer was lost with the former connection was never set
            next = "";
        }
        if (isCreating()) {
            create(CREATE_ATTEMPTS);
            return;
        }
        look(); // whether the node is still there, and ours
        if (leads) {
            watchRecord();
        }
    }

    private boolean isCreating() {
        synchronized (lock) {
            return phase == Phase.CREATING && name.isEmpty();
        }
    }

    private void create(int attempts) {
        byte[] data = context.processId().getBytes(StandardCharsets.UTF_8);
        CompletableFuture<Void> unused = session.connection()
                .create(paths.newCandidate(nonce), data, CreateMode.EPHEMERAL_SEQUENTIAL)
                .handle((node, failure) -> {
                    if (failure == null) {
                        created(node);
                    } else if (Failures.code(failure) == Code.NONODE && attempts > 1) {
                        createElection(attempts);
                    } else {
                        creation.completeExceptionally(failure);
                        failed("queueing for " + paths.name(), failure);
                    }
                    return null;
                });
    }

    private void createElection(int attempts) {
        Connection connection = session.connection();
        CompletableFuture<Void> unused = session.nodes()
                .createAll(parentOf(paths.node()))
                .thenCompose(done -> connection.multi(List.of(
                        connection.creation(paths.node(), ElectionText.fresh(paths.name())),
                        connection.creation(paths.record(), RecordText.NOTHING.toBytes()),
                        connection.creation(paths.entries(), new byte[0]))))
                .handle((results, failure) -> {
                    int failed = failure == null ? Connection.failed(results) : -1;
                    Throwable reason =
                            failed < 0 ? failure : KeeperException.create(Connection.code(results.get(failed)));
                    if (reason == null
                            || Failures.code(reason) == Code.NODEEXISTS
                            || Failures.code(reason) == Code.NONODE) {
                        create(attempts - 1);
                    } else {
                        creation.complete(null); // no candidate was asked for since the last one was refused
                        failed("creating the election " + paths.name(), reason);
                    }
                    return null;
                });
    }

    private static String parentOf(String path) {
        return path.substring(0, path.lastIndexOf('/'));
    }

    private void created(Connection.Node node) {
        boolean wanted;
        synchronized (lock) {
            name = node.path().substring(node.path().lastIndexOf('/') + 1);
            token = node.stat().getCzxid();
            wanted = phase == Phase.CREATING;
            if (wanted) {
                phase = Phase.QUEUED;
            }
        }
        creation.complete(null);
        sessions.granted(paths.node());
        if (wanted) {
            look();
        }
    }

    /** True when the own node is there and watched, so that its end can't go unnoticed; false when it is not there. */
    private CompletableFuture<Boolean> watchSelf() {
        synchronized (lock) {
            if (armed) {
                return CompletableFuture.completedFuture(true);
            }
        }
        return session.connection()
                .getData(paths.candidate(name), ownWatch)
                .thenApply(node -> {
                    synchronized (lock) {
                        armed = true;
                    }
                    return true;
                })
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture(false)
                        : CompletableFuture.failedFuture(failure));
    }

    private void ownChanged(WatchedEvent event) {
        if (event.getType() == EventType.None || isOver()) {
            return;
        }
        synchronized (lock) {
            armed = false; // a watch tells once
        }
        if (event.getType() == EventType.NodeDeleted) {
            end(Reason.REMOVED, null);
        } else {
            look(); // somebody set its data: its version, and with it the fence, is broken
        }
    }

    // ---- waiting for the turn ----

    private boolean isOver() {
        synchronized (lock) {
            return phase == Phase.OVER;
        }
    }

    /** One look at a time, and none without the own watch; who asks meanwhile is answered by another one after it. */
    private void look() {
        synchronized (lock) {
            if (phase != Phase.QUEUED && phase != Phase.LEADING) {
                return;
            }
            if (looking) {
                lookAgain = true;
                return;
            }
            looking = true;
            lookAgain = false;
        }
        CompletableFuture<Void> unused = watchSelf()
                .thenCombine(
                        Look.at(session.connection(), paths, paths.candidate(name)),
                        (there, seen) -> there ? seen : seen.map(Look::withoutOther))
                .handle((seen, failure) -> {
                    boolean again;
                    synchronized (lock) {
                        looking = false;
                        again = lookAgain;
                    }
                    if (again) {
                        look();
                    } else if (failure != null) {
                        lookFailed(failure);
                    } else if (seen.isEmpty()) {
                        end(Reason.VANISHED, null);
                    } else {
                        judge(seen.get());
                    }
                    return null;
                });
    }

    private void lookFailed(Throwable failure) {
        if (Failures.isDenied(failure)) {
            failed("looking at " + paths.name(), failure);
        } else {
            retry();
        }
    }

    /** All that may have failed, once more; without a connection the next one does it. */
    private void retry() {
        synchronized (lock) {
            if (retryScheduled || phase == Phase.OVER) {
                return;
            }
            retryScheduled = true;
        }
        context.schedule(RETRY, () -> {
            synchronized (lock) {
                retryScheduled = false;
            }
            if (session.isUsable()) {
                usable();
            }
        });
    }

    private void judge(Look seen) {
        reaper.seen(paths, seen.queue());
        Connection.Node own = seen.other();
        if (own == null
                || own.stat().getEphemeralOwner() != session.id()
                || own.stat().getVersion() != 0) {
            end(Reason.REMOVED, null);
            return;
        }
        int place = 0;
        while (place < seen.queue().size() && !seen.queue().get(place).text().equals(name)) {
            place++;
        }
        if (place == 0) {
            lead(seen.history());
        } else if (place < seen.queue().size()) {
            await(seen.queue().get(place - 1).text(), place == 1 ? seen.history() : "");
        } else {
            look();
        }
    }

    /** {@code nextHistory} is the history id if {@code before} is the only one before this candidate, otherwise empty. */
    private void await(String before, String nextHistory) {
        synchronized (lock) {
            if (phase != Phase.QUEUED) {
                return;
            }
            predecessor = before;
            next = nextHistory;
        }
        CompletableFuture<Void> unused = session.connection()
                .exists(paths.candidate(before), predecessorWatch)
                .handle((stat, failure) -> {
                    if (failure != null) {
                        if (Failures.code(failure) == Code.NONODE) {
                            look();
                        } else {
                            lookFailed(failure);
                        }
                    }
                    return null;
                });
    }

    /**
     * Those before this candidate only become fewer: if this was the last of them, nothing needs to be read. That the own node is there is certain as well, but
     * only because its watch is known to be set on this connection: its deletion would then have been told before, as one connection's events come in the
     * order of the changes. (Those that a new connection makes up for come in any order, but before its first answer, so before usable().)
     */
    private void predecessorChanged(WatchedEvent event) {
        if (event.getType() == EventType.None) {
            return;
        }
        String history;
        synchronized (lock) {
            boolean last = event.getType() == EventType.NodeDeleted
                    && paths.candidate(predecessor).equals(event.getPath());
            history = last && armed ? next : "";
        }
        if (history.isEmpty()) {
            look();
        } else {
            lead(history);
        }
    }

    private void lead(String history) {
        Lease lease;
        synchronized (lock) {
            if (phase != Phase.QUEUED) {
                return;
            }
            lease = session.leaseForGrant(this);
            if (lease == null) {
                return; // usable() comes when there is evidence
            }
            phase = Phase.LEADING;
            led = true;
        }
        candidacy.granted(Grant.of(token, history, lease));
        watchRecord();
    }

    /** Tells what is there, and of the next change; until it is known that it will (rule 4.4). */
    private void watchRecord() {
        CompletableFuture<Void> unused = session.connection()
                .getData(paths.record(), recordWatch)
                .handle((node, failure) -> {
                    if (failure == null) {
                        recordsSeen(RecordText.parse(node.data()));
                    } else if (Failures.code(failure) == Code.NONODE) {
                        recordsSeen(RecordText.NOTHING);
                        watchMissingRecord();
                    } else if (!Failures.isDenied(failure)) { // rights don't come back by themselves
                        retry();
                    }
                    return null;
                });
    }

    private void watchMissingRecord() {
        CompletableFuture<Void> unused = session.connection()
                .exists(paths.record(), recordWatch)
                .handle((stat, failure) -> {
                    if (failure == null) {
                        watchRecord(); // there again
                    } else if (Failures.code(failure) != Code.NONODE) {
                        retry();
                    }
                    return null;
                });
    }

    /** Those of a former leader are none: they count only with their candidate. */
    private void recordsSeen(RecordText text) {
        if (!isOver()) {
            candidacy.recordsSeen(text.candidate().equals(name) ? text.records() : Map.of());
        }
    }

    private void recordChanged(WatchedEvent event) {
        if (event.getType() != EventType.None && !isOver()) {
            watchRecord();
        }
    }

    // ---- the end ----

    @Override
    public void over(Reason reason, @Nullable Throwable cause) {
        creation.completeExceptionally(KeeperException.create(Code.SESSIONEXPIRED));
        end(reason, cause);
    }

    private void failed(String act, Throwable failure) {
        HighAvailabilityException told = Failures.ofRead(failure, act);
        if (told instanceof UnavailableException refused && refused.reason() == Reason.ACCESS_DENIED) {
            sessions.denied(paths.node(), refused);
        }
        end(Failures.reason(failure), told);
    }

    private void end(Reason reason, @Nullable Throwable cause) {
        synchronized (lock) {
            if (phase == Phase.OVER) {
                return;
            }
            if (phase == Phase.NEW) {
                creation.complete(null);
            }
            phase = Phase.OVER;
        }
        session.leave(this);
        candidacy.ended(reason, cause);
    }

    @Override
    public CompletionStage<Void> close() {
        String watched = "";
        synchronized (lock) {
            if (phase == Phase.NEW) {
                creation.complete(null);
            } else if (phase == Phase.QUEUED) {
                watched = predecessor;
            }
            phase = Phase.OVER;
        }
        session.leave(this);
        if (!watched.isEmpty() && session.isUsable()) {
            CompletableFuture<Void> unused =
                    session.connection().removeWatch(paths.candidate(watched), predecessorWatch);
        }
        reaper.add(this);
        // The usual case by the shortest way: a handover in a JVM that is about to end runs each line for the first
        // time.
        return !name().isEmpty() && session.isUsable() ? confirmed(release(session.connection())) : remove();
    }

    /** Removes what may be in the backend of it; done when nothing is, and nothing can come any more (SAFETY C1). */
    CompletableFuture<Void> remove() {
        return confirmed(creation.handle((done, failure) -> failure).thenCompose(this::removed));
    }

    private CompletableFuture<Void> removed(@Nullable Throwable failure) {
        if (isReleased()) {
            return CompletableFuture.completedFuture(null);
        }
        if (session.isOver()) {
            return sessions.isGone(session)
                    .thenCompose(gone -> gone
                            ? CompletableFuture.completedFuture(null)
                            : sessions.main().whenUsable("removing an orphan", connection -> search(sessions.main())));
        }
        if (!name().isEmpty()) {
            return session.whenUsable("leaving " + paths.name(), this::release);
        }
        return failure == null || isCertain(failure)
                ? CompletableFuture.completedFuture(null) // never sent, or refused
                : session.whenUsable("removing an orphan", connection -> search(session));
    }

    private CompletableFuture<Void> confirmed(CompletableFuture<Void> removal) {
        return removal.handle((done, failure) -> {
            if (failure != null) {
                throw Failures.ofRead(failure, "removing a candidate of " + paths.name());
            }
            gone();
            return null;
        });
    }

    private static boolean isCertain(Throwable failure) {
        return !(Failures.ofWrite(failure, "", 0) instanceof OutcomeUnknownException)
                && Failures.code(failure) != Code.SESSIONEXPIRED;
    }

    private void gone() {
        synchronized (lock) {
            if (released) {
                return;
            }
            released = true;
        }
        reaper.remove(this);
        session.release(paths.candidateBytes());
        sessions.tidy(session);
    }

    private boolean isReleased() {
        synchronized (lock) {
            return released;
        }
    }

    private String name() {
        synchronized (lock) {
            return name;
        }
    }

    String nonce() {
        return nonce;
    }

    ElectionPaths paths() {
        return paths;
    }

    /** Candidate and record in one transaction (SAFETY Z4): the record can only be ours while the candidate is there. */
    private CompletableFuture<Void> release(Connection connection) {
        boolean withRecord;
        synchronized (lock) {
            withRecord = led && published;
        }
        if (!withRecord) {
            return delete(connection, paths.candidate(name()));
        }
        return connection
                .multi(List.of(
                        Op.delete(paths.candidate(name()), -1),
                        Op.setData(
                                paths.record(),
                                RecordText.released(name(), token).toBytes(),
                                -1)))
                .thenCompose(results -> switch (Connection.failed(results)) {
                    case -1 -> CompletableFuture.completedFuture(null);
                    case 0 -> noNode(results.get(0));
                    default -> delete(connection, paths.candidate(name())); // somebody removed the record
                });
    }

    private static CompletableFuture<Void> delete(Connection connection, String path) {
        return connection
                .delete(path)
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(failure));
    }

    private static CompletableFuture<Void> noNode(OpResult result) {
        Code code = Connection.code(result);
        return code == Code.NONODE
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(KeeperException.create(code));
    }

    /** Of unknown name: behind a committed write the list shows it, or it will never be. */
    private CompletableFuture<Void> search(Session where) {
        return where.commit()
                .thenCompose(done -> where.connection().getChildren(paths.node()))
                .thenCompose(children -> children.stream()
                        .flatMap(child -> CandidateName.parse(child).stream())
                        .filter(candidate -> candidate.nonce().equals(nonce))
                        .findFirst()
                        .map(candidate -> delete(where.connection(), paths.candidate(candidate.text())))
                        .orElseGet(() -> CompletableFuture.completedFuture(null)))
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(failure));
    }

    // ---- writes under the lock ----

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        synchronized (lock) {
            published = true;
        }
        byte[] text = RecordText.published(name(), token, records).toBytes();
        return fenced("publishing for " + paths.name(), connection -> publish(connection, text, true));
    }

    private CompletableFuture<Void> publish(Connection connection, byte[] text, boolean exists) {
        Op write = exists ? Op.setData(paths.record(), text, -1) : connection.creation(paths.record(), text);
        return checked(connection, write).thenCompose(results -> {
            if (Connection.failed(results) < 0) {
                return CompletableFuture.completedFuture(null);
            }
            Code code = Connection.code(results.get(1));
            return code == (exists ? Code.NONODE : Code.NODEEXISTS)
                    ? publish(connection, text, !exists)
                    : CompletableFuture.failedFuture(KeeperException.create(code, paths.record()));
        });
    }

    @Override
    public CompletionStage<String> write(Change change) {
        String path = paths.entry(change.name());
        byte[] text = EntryText.write(change.writeId(), change.value());
        return fenced(change + " in " + paths.name(), connection -> switch (change.kind()) {
            case CREATE -> createEntry(connection, path, text, change, true);
            case REPLACE ->
                changeEntry(
                        connection,
                        path,
                        change,
                        Op.setData(path, text, EntryText.dataVersion(change.expectedVersion())));
            case DELETE ->
                changeEntry(connection, path, change, Op.delete(path, EntryText.dataVersion(change.expectedVersion())));
        });
    }

    private CompletableFuture<String> createEntry(
            Connection connection, String path, byte[] text, Change change, boolean hasParent) {
        CompletableFuture<List<OpResult>> creating = checked(connection, connection.creation(path, text));
        CompletableFuture<Stat> seeing = connection.exists(path, null); // right behind it: what it is is ours
        return creating.thenCompose(results -> {
            if (Connection.failed(results) < 0) {
                return seeing.thenApply(stat -> EntryText.version(stat.getCzxid(), 0));
            }
            Code code = Connection.code(results.get(1));
            if (code == Code.NONODE && hasParent) {
                return checked(connection, connection.creation(paths.entries(), new byte[0]))
                        .thenCompose(done -> createEntry(connection, path, text, change, false));
            }
            return CompletableFuture.failedFuture(
                    code == Code.NODEEXISTS
                            ? new ConflictException(change + ": the entry exists")
                            : KeeperException.create(code, path));
        });
    }

    /** The look before can't be outdated by anybody but us, who hold the lock and make one call at a time. */
    private CompletableFuture<String> changeEntry(Connection connection, String path, Change change, Op write) {
        return version(connection, path, change).thenCompose(found -> {
            // With another version than expected the transaction still tells whether the lock is ours.
            boolean matches = found.equals(change.expectedVersion());
            return checked(connection, matches ? write : Op.check(paths.candidate(name()), 0))
                    .thenCompose(results -> {
                        Code code = Connection.code(results.get(1));
                        if (!matches || code == Code.NONODE || code == Code.BADVERSION) {
                            return CompletableFuture.failedFuture(new ConflictException(
                                    change + ": found " + (found.isEmpty() ? "no entry" : "version " + found)));
                        }
                        return code == Code.OK
                                ? CompletableFuture.completedFuture(newVersion(results.get(1)))
                                : CompletableFuture.failedFuture(KeeperException.create(code, path));
                    });
        });
    }

    private static String newVersion(OpResult result) {
        return result instanceof OpResult.SetDataResult set
                ? EntryText.version(set.getStat().getCzxid(), set.getStat().getVersion())
                : "";
    }

    /** Of the entry as it is; empty if there is none. Nothing has been written when this fails. */
    private static CompletableFuture<String> version(Connection connection, String path, Change change) {
        return connection
                .exists(path, null)
                .thenApply(stat -> EntryText.version(stat.getCzxid(), stat.getVersion()))
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture("")
                        : CompletableFuture.failedFuture(Failures.ofRead(failure, change.toString())));
    }

    /** One operation that is carried out only if the candidate is there and has never been touched (SAFETY Z3). */
    private CompletableFuture<List<OpResult>> checked(Connection connection, Op write) {
        return connection
                .multi(List.of(Op.check(paths.candidate(name()), 0), write))
                .thenCompose(results -> {
                    Code fence = Connection.code(results.get(0));
                    if (Connection.failed(results) != 0) {
                        return CompletableFuture.completedFuture(results);
                    }
                    return CompletableFuture.failedFuture(
                            fence == Code.NONODE || fence == Code.BADVERSION
                                    ? new LeadershipLostException("the candidate " + name() + " is gone", token, 0)
                                    : KeeperException.create(fence, paths.candidate(name())));
                });
    }

    private <T> CompletionStage<T> fenced(String act, Function<Connection, CompletableFuture<T>> request) {
        synchronized (lock) {
            if (!led) {
                return CompletableFuture.failedStage(
                        new LeadershipLostException(act + ": this candidacy does not lead", token, 0));
            }
        }
        if (session.isOver()) {
            return CompletableFuture.failedStage(new LeadershipLostException(act + ": the session is over", token, 0));
        }
        if (!session.isUsable()) {
            return CompletableFuture.failedStage(Failures.notSent(act, Reason.CONNECTION_SUSPENDED));
        }
        return request.apply(session.connection())
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(Failures.ofWrite(failure, act, token)));
    }
}
