package dev.ha.zookeeper;

import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionText;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.spi.RecordText;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.jspecify.annotations.Nullable;

/**
 * One candidate: a node of its own name on one session, which watches itself and its predecessor. It leads when a look behind its creation shows it first
 * (SAFETY Z8); what it writes, the transaction itself binds to its node (Z3, Z4).
 *
 * <p>It joins no lease while it waits ({@link Candidacy#joined}): its place lives on the session, which outlives a lease at each lost connection (Z7), and to give
 * up a removal that is refused would help nobody, as the next candidacy would queue behind the node until the session ends. So the engine asks again until it is
 * gone; of a session that is over, the servers see to that.
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
    private final Departure departure;
    private final Watcher ownWatch = this::ownChanged;
    private final Watcher predecessorWatch = this::predecessorChanged;
    private final Object lock = new Object();
    private Phase phase = Phase.NEW;
    private String name = "";
    private String predecessor = "";
    private String next = "";
    private long token;
    /** The server will tell this connection of the own node's end before it tells it of anything that happens later. */
    private boolean armed;

    /** Those of a leader; made while it waits, as loading their classes would delay the grant. */
    private @Nullable FencedWrites nextWrites;

    private @Nullable RecordWatch nextRecord;
    private @Nullable FencedWrites writes;
    private @Nullable RecordWatch record;
    private boolean published;
    private boolean looking;
    private boolean lookAgain;
    private boolean retryScheduled;

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
        this.departure = new Departure(paths, session, sessions, reaper, context);
    }

    // ---- joining the queue ----

    @Override
    public void usable() {
        RecordWatch led;
        synchronized (lock) {
            if (phase == Phase.OVER || phase == Phase.CREATING) {
                return;
            }
            if (phase == Phase.NEW) {
                phase = Phase.CREATING;
            }
            led = record;
            armed = false; // a watch whose answer was lost with the former connection was never set
            next = "";
        }
        if (isCreating()) {
            create(CREATE_ATTEMPTS);
            return;
        }
        look(); // whether the node is still there, and ours
        if (led != null) {
            led.look();
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
                .create(paths.newCandidate(departure.nonce()), data, CreateMode.EPHEMERAL_SEQUENTIAL)
                .handle((node, failure) -> {
                    if (failure == null) {
                        created(node);
                    } else if (Failures.code(failure) == Code.NONODE && attempts > 1) {
                        createElection(attempts);
                    } else {
                        departure.creationFailed(failure);
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
                        departure.neverCreated();
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
                nextWrites = new FencedWrites(session, paths, name, token);
                nextRecord = new RecordWatch(candidacy, session, paths, name, context);
            }
        }
        departure.created(name, token);
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

    /** Once more, one at a time; without a connection the next one does it. */
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
                .getData(paths.candidate(before), predecessorWatch)
                .handle((node, failure) -> {
                    if (isOver()) {
                        unwatch(paths.candidate(before), predecessorWatch); // it may have been set behind the removal
                    } else if (failure != null) {
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
            predecessor = last ? "" : predecessor;
        }
        if (history.isEmpty()) {
            look();
        } else {
            lead(history);
        }
    }

    private void lead(String history) {
        Lease lease;
        RecordWatch watch;
        synchronized (lock) {
            if (phase != Phase.QUEUED) {
                return;
            }
            lease = session.leaseForGrant(this);
            if (lease == null) {
                return; // usable() comes when there is evidence
            }
            phase = Phase.LEADING;
            writes = nextWrites;
            watch = nextRecord;
            record = watch;
        }
        candidacy.granted(Grant.of(token, history, lease));
        if (watch != null) {
            watch.look();
        }
    }

    // ---- the end ----

    @Override
    public void over(Reason reason, @Nullable Throwable cause) {
        departure.creationFailed(KeeperException.create(Code.SESSIONEXPIRED));
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
        RecordWatch watch;
        synchronized (lock) {
            if (phase == Phase.OVER) {
                return;
            }
            watch = record;
            record = null;
            if (phase == Phase.NEW) {
                departure.neverCreated();
            }
            phase = Phase.OVER;
        }
        session.leave(this);
        unwatchPredecessor();
        if (watch != null) {
            watch.end(true);
        }
        candidacy.ended(reason, cause);
    }

    @Override
    public CompletionStage<Void> close() {
        RecordWatch watch;
        boolean tellsItself;
        synchronized (lock) {
            if (phase == Phase.NEW) {
                departure.neverCreated();
            }
            watch = record;
            record = null;
            tellsItself = phase == Phase.LEADING && published; // its release is the event that ends the watch
            phase = Phase.OVER;
        }
        session.leave(this);
        CompletableFuture<Void> left = departure.begin();
        unwatchPredecessor();
        if (watch != null) {
            watch.end(!tellsItself);
        }
        return left;
    }

    private void unwatchPredecessor() {
        String watched;
        synchronized (lock) {
            watched = predecessor;
            predecessor = "";
        }
        if (!watched.isEmpty()) {
            unwatch(paths.candidate(watched), predecessorWatch);
        }
    }

    /** Also without a connection: otherwise the next ones would set it again. */
    private void unwatch(String path, Watcher watcher) {
        if (!session.isOver()) {
            CompletableFuture<Void> unused = session.connection().removeWatch(path, watcher);
        }
    }

    // ---- writes under the lock ----

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        FencedWrites present = writes();
        if (present == null) {
            return CompletableFuture.failedStage(notLeading("publishing for " + paths.name()));
        }
        synchronized (lock) {
            published = true;
        }
        departure.publishes();
        return present.publish(records);
    }

    @Override
    public CompletionStage<String> write(Change change) {
        FencedWrites present = writes();
        return present == null
                ? CompletableFuture.failedStage(notLeading(change + " in " + paths.name()))
                : present.write(change);
    }

    private @Nullable FencedWrites writes() {
        synchronized (lock) {
            return writes;
        }
    }

    private static LeadershipLostException notLeading(String act) {
        return new LeadershipLostException(act + ": this candidacy does not lead", 0, 0);
    }
}
