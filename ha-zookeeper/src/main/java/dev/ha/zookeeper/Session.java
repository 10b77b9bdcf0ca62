package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.Lease;
import dev.ha.spi.Moment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.zookeeper.KeeperException.Code;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ZooKeeper session, from the first connection attempt until it is over for good, and the lease of all grants on it (SAFETY Z1, Z5, Z7). Usable means:
 * connected, and a write of this connection was committed, so that reads show at least what was known before.
 */
final class Session implements Connection.Events {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    /** Renewals in one timeout. */
    private static final int RENEWALS = 6;

    /** What lives on a session. Told without a lock, on the client's threads. */
    interface Member {
        /** The session is usable: for the first time, or again after it was disconnected. */
        void usable();

        /** All followers were told that they know nothing, for a trouble that does not concern this session, or does no longer. */
        default void forgotten() {}

        /** The session is over. */
        void over(Reason reason, @Nullable Throwable cause);
    }

    /** What a session tells the backend; without a lock. */
    interface Owner {
        /** There is trouble, of which the user has to hear. */
        void trouble(Session session, Reason reason, UnavailableException cause);

        /** The session is usable. */
        void well(Session session);

        /** It is over, for {@code cause}; {@code ended} is done when its threads have ended. */
        void over(Session session, Reason reason, UnavailableException cause, CompletableFuture<Void> ended);
    }

    private enum State {
        CONNECTING,
        CONNECTED,
        SUSPENDED,
        OVER
    }

    private final Settings settings;
    private final BackendContext context;
    private final Paths paths;
    private final Owner owner;
    private final Connection connection;
    private final Nodes nodes;
    private final Commits commits;
    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private final Set<Member> waitingForLease = ConcurrentHashMap.newKeySet();
    private final AtomicInteger bytes = new AtomicInteger();
    private final Object lock = new Object();
    private State state = State.CONNECTING;
    private int connections;
    private boolean usable;
    private boolean wasUsable;
    private Duration timeout;
    private @Nullable SessionLease lease;
    private long lastAnswer;
    private @Nullable UnavailableException refusal;
    private long id;
    private @Nullable Timer tick;

    Session(Settings settings, BackendContext context, Paths paths, Owner owner) {
        this.settings = settings;
        this.context = context;
        this.paths = paths;
        this.owner = owner;
        this.timeout = settings.sessionTimeout();
        this.connection = new Connection(settings, context, this);
        this.nodes = new Nodes(connection, paths);
        this.commits = new Commits(context, this::writeMember, this::committed);
    }

    /** Connects, after {@code delay}. */
    void start(Duration delay) {
        context.schedule(delay, () -> {
            context.schedule(settings.connectionTimeout(), this::tellIfNeverUsable);
            CompletionStage<Void> unused = context.<Void>blocking(() -> {
                        String unusedYet = context.processId(); // looks its host up, which must not happen later
                        connection.start();
                        return null;
                    })
                    .whenComplete((started, failure) -> {
                        if (failure != null) {
                            end(
                                    Reason.CONNECTION_LOST,
                                    trouble("no session can be made: " + Failures.unwrap(failure), failure));
                        }
                    });
        });
        scheduleTick();
    }

    /** The client itself says nothing before it has tried all servers, each for its share of the session timeout (peer: a dead network, a name server that hangs). */
    private void tellIfNeverUsable() {
        boolean connected;
        synchronized (lock) {
            if (wasUsable || state == State.OVER) {
                return;
            }
            connected = state == State.CONNECTED;
        }
        owner.trouble(
                this,
                Reason.CONNECTION_LOST,
                trouble(
                        (connected ? "connected, but no write was committed within " : "no connection within ")
                                + settings.connectionTimeout().toMillis() + " ms",
                        null));
    }

    private UnavailableException trouble(String what, @Nullable Throwable cause) {
        return new UnavailableException(
                "ZooKeeper (" + settings.quorum() + "): " + what, Reason.CONNECTION_LOST, cause);
    }

    // ---- for members ----

    Connection connection() {
        return connection;
    }

    Nodes nodes() {
        return nodes;
    }

    long id() {
        synchronized (lock) {
            return id;
        }
    }

    boolean isUsable() {
        synchronized (lock) {
            return usable;
        }
    }

    boolean wasEverUsable() {
        synchronized (lock) {
            return wasUsable;
        }
    }

    boolean isOver() {
        synchronized (lock) {
            return state == State.OVER;
        }
    }

    Duration timeout() {
        synchronized (lock) {
            return timeout;
        }
    }

    /** Adds a member, and tells it at once what it has missed. */
    void join(Member member) {
        members.add(member);
        boolean ready;
        boolean over;
        synchronized (lock) {
            ready = usable;
            over = state == State.OVER;
        }
        if (over) {
            member.over(Reason.EXPIRED, null);
        } else if (ready) {
            member.usable();
        }
    }

    void leave(Member member) {
        members.remove(member);
        waitingForLease.remove(member);
    }

    /** Counts {@code more} bytes of ephemeral paths; true unless that is more than {@code limit}. */
    boolean reserve(int more, int limit) {
        int before = bytes.getAndAdd(more);
        if (before > 0 && before + more > limit) {
            bytes.addAndGet(-more);
            return false;
        }
        return true;
    }

    void release(int less) {
        bytes.addAndGet(-less);
    }

    int reserved() {
        return bytes.get();
    }

    /** Lets followers look again, if the session is usable. */
    void remind() {
        if (isUsable()) {
            tellMembers(Member::forgotten);
        }
    }

    /** One that fails must not keep the news from the others. */
    private void tellMembers(Consumer<Member> news) {
        members.forEach(member -> tell(member, news));
    }

    private static void tell(Member member, Consumer<Member> news) {
        try {
            news.accept(member);
        } catch (RuntimeException | Error failure) {
            LOG.error("A part of the ZooKeeper backend failed", failure);
        }
    }

    /** Runs {@code request} when the session is usable; fails when that takes longer than a request may, or when ZooKeeper refuses our writes. */
    <T> CompletableFuture<T> whenUsable(String act, Function<Connection, CompletableFuture<T>> request) {
        Waiting waiting = new Waiting(act);
        CompletableFuture<Void> ready = waiting.ready;
        join(waiting);
        UnavailableException refused = refusal();
        if (refused != null) {
            ready.completeExceptionally(refused);
        }
        Timer late = context.schedule(
                settings.connectionTimeout(),
                () -> ready.completeExceptionally(Failures.notSent(act, Reason.CONNECTION_LOST)));
        return ready.whenComplete((done, failure) -> {
                    late.close();
                    leave(waiting);
                })
                .thenCompose(done -> request.apply(connection));
    }

    /** Somebody with a request to make. */
    private static final class Waiting implements Member {
        final CompletableFuture<Void> ready = new CompletableFuture<>();
        private final String act;

        Waiting(String act) {
            this.act = act;
        }

        @Override
        public void usable() {
            ready.complete(null);
        }

        @Override
        public void over(Reason reason, @Nullable Throwable cause) {
            ready.completeExceptionally(new UnavailableException(act + ": the session is over", reason, cause));
        }
    }

    /** Why the session can't be used although it is connected. */
    private @Nullable UnavailableException refusal() {
        synchronized (lock) {
            return usable ? null : refusal;
        }
    }

    /**
     * The lease for a grant, at least a sixth of the timeout long; null if no evidence is that young, or the session is not usable: {@code member} is told
     * {@link Member#usable} when it is.
     */
    @Nullable
    Lease leaseForGrant(Member member) {
        synchronized (lock) {
            Lease present = usable && lease != null ? lease.forGrant() : null;
            if (present == null) {
                waitingForLease.add(member);
            }
            return present;
        }
    }

    // ---- committed writes: renewals and barriers ----

    /**
     * A write of this session that is sent after this call; done when it is committed. What is read on this session afterwards is at least as new as anything
     * that was committed before this call.
     */
    CompletableFuture<Void> commit() {
        synchronized (lock) {
            if (lease == null) {
                return CompletableFuture.failedFuture(Failures.notSent("a write", Reason.CONNECTION_LOST));
            }
        }
        return commits.next();
    }

    private CompletableFuture<Void> writeMember() {
        return nodes.writeMember(paths.member(id()), context.processId().getBytes(StandardCharsets.UTF_8));
    }

    private void committed(Moment sent) {
        Lease renewed;
        OptionalLong proven;
        synchronized (lock) {
            SessionLease present = lease;
            if (state == State.OVER || present == null) {
                return;
            }
            lastAnswer = context.nanoTime();
            proven = present.acknowledged(sent);
            renewed = present.current();
        }
        if (renewed != null && proven.isPresent()) {
            renewed.renewed(proven.getAsLong());
        }
        for (Member waiting : List.copyOf(waitingForLease)) {
            if (waitingForLease.remove(waiting)) {
                tell(waiting, Member::usable);
            }
        }
    }

    private void scheduleTick() {
        synchronized (lock) {
            if (tick != null) {
                tick.close(); // there is one at a time
            }
            if (state != State.OVER) {
                tick = context.schedule(timeout.dividedBy(RENEWALS), this::tick);
            }
        }
    }

    private void tick() {
        boolean renew;
        long silence;
        Duration limit;
        synchronized (lock) {
            renew = state == State.CONNECTED && !commits.isInFlight();
            silence = lease == null ? 0 : context.nanoTime() - lastAnswer;
            limit = timeout;
        }
        if (silence >= limit.toNanos()) {
            // Whatever the connection says: nothing we write is committed any more (SAFETY Z1, Z5).
            end(Reason.CONNECTION_LOST, trouble("no write was committed for " + limit.toMillis() + " ms", null));
            return;
        }
        scheduleTick(); // it goes on, whatever becomes of this
        if (silence >= limit.toNanos() / RENEWALS * (RENEWALS - 1)) { // followers have to know within T (rule 5.2)
            owner.trouble(
                    this,
                    Reason.CONNECTION_LOST,
                    trouble(
                            "no write has been committed for "
                                    + Duration.ofNanos(silence).toMillis() + " ms",
                            null));
        }
        if (renew) {
            verify();
        }
    }

    // ---- events of the connection ----

    @Override
    public void connected(Duration negotiated, Moment attempt) {
        boolean shrunk;
        Duration before;
        synchronized (lock) {
            if (state == State.OVER) {
                return;
            }
            before = timeout;
            shrunk = lease != null && negotiated.compareTo(timeout) < 0;
            if (lease == null) {
                timeout = negotiated;
                lease = new SessionLease(context, negotiated, attempt);
                lastAnswer = context.nanoTime();
                id = connection.sessionId();
                LOG.info(
                        "ZooKeeper session 0x{} with a timeout of {} ms (asked for {} ms)",
                        Long.toHexString(id),
                        negotiated.toMillis(),
                        settings.sessionTimeout().toMillis());
            }
            state = State.CONNECTED;
            connections++;
        }
        if (shrunk) {
            end(
                    Reason.EXPIRED,
                    trouble(
                            "another server shortened the session timeout from " + before.toMillis() + " to "
                                    + negotiated.toMillis() + " ms",
                            null));
            return;
        }
        scheduleTick();
        verify();
    }

    /** Renews; before anything is believed on a new connection, a write of it must be committed. */
    private void verify() {
        CompletableFuture<Void> unused = commit().whenComplete((done, failure) -> {
            if (failure == null) {
                verified();
            } else {
                LOG.debug("A renewal failed: {}", failure.toString());
                report(failure); // the next tick or connection tries again
            }
        });
    }

    private void verified() {
        synchronized (lock) {
            if (state != State.CONNECTED || usable) {
                return;
            }
            usable = true;
            wasUsable = true;
            refusal = null;
            if (lease != null) {
                @Nullable Lease unused = lease.forGrant(); // so that a grant does not wait for it
            }
        }
        owner.well(this);
        tellMembers(Member::usable);
    }

    @Override
    public void disconnected() {
        Lease over = null;
        int connection;
        synchronized (lock) {
            if (state != State.CONNECTED) {
                return;
            }
            state = State.SUSPENDED;
            usable = false;
            connection = connections;
            if (!settings.toleratesSuspended() && lease != null) {
                over = lease.drop();
            }
        }
        UnavailableException cause = new UnavailableException(
                "the connection to ZooKeeper (" + settings.quorum() + ") is lost", Reason.CONNECTION_SUSPENDED, null);
        if (settings.toleratesSuspended()) {
            context.schedule(untilToldOfTrouble(), () -> {
                if (isStillDisconnected(connection)) {
                    owner.trouble(this, Reason.CONNECTION_SUSPENDED, cause);
                }
            });
        } else {
            if (over != null) {
                over.end(Reason.CONNECTION_SUSPENDED, cause);
            }
            owner.trouble(this, Reason.CONNECTION_SUSPENDED, cause);
        }
    }

    /** Followers have to know before a whole timeout has passed since the last answer (rule 5.2). */
    private Duration untilToldOfTrouble() {
        synchronized (lock) {
            long due = lastAnswer + timeout.toNanos() / RENEWALS * (RENEWALS - 1);
            return Duration.ofNanos(Math.max(0, due - context.nanoTime()));
        }
    }

    private boolean isStillDisconnected(int connection) {
        synchronized (lock) {
            return state == State.SUSPENDED && connections == connection;
        }
    }

    @Override
    public void expired() {
        end(Reason.EXPIRED, trouble("the session has expired", null));
    }

    @Override
    public void authenticationFailed() {
        end(
                Reason.ACCESS_DENIED,
                new UnavailableException(
                        "ZooKeeper (" + settings.quorum() + ") refuses our credentials", Reason.ACCESS_DENIED, null));
    }

    @Override
    public void unreachable(String why) {
        if (!isOver()) {
            owner.trouble(this, Reason.CONNECTION_LOST, trouble(why, null));
        }
    }

    private void report(Throwable failure) {
        if (Failures.code(failure) == Code.AUTHFAILED) {
            authenticationFailed(); // the client has no event for each way in which a login fails
        } else if (Failures.isRefused(failure)) {
            Reason reason = Failures.reason(failure);
            UnavailableException refused = new UnavailableException(
                    "ZooKeeper (" + settings.quorum() + ") refuses what a session needs: "
                            + Failures.show(Failures.unwrap(failure)),
                    reason,
                    failure);
            synchronized (lock) {
                lastAnswer = context.nanoTime(); // a session that is refused is alive: another one would fare no better
                refusal = refused;
            }
            owner.trouble(this, reason, refused);
            tellMembers(member -> {
                if (member instanceof Waiting waiting) {
                    waiting.ready.completeExceptionally(refused);
                }
            });
        }
    }

    // ---- the end ----

    private void end(Reason reason, UnavailableException cause) {
        CompletableFuture<Void> unused = end(reason, cause, true);
    }

    /** Without {@code release} its nodes are left to run out. */
    private CompletableFuture<Void> end(Reason reason, UnavailableException cause, boolean release) {
        Lease over;
        synchronized (lock) {
            if (state == State.OVER) {
                return CompletableFuture.completedFuture(null);
            }
            state = State.OVER;
            usable = false;
            over = lease == null ? null : lease.drop();
            if (tick != null) {
                tick.close();
            }
        }
        LOG.info("ZooKeeper session 0x{} is over: {}", Long.toHexString(id()), cause.getMessage());
        if (over != null) {
            over.end(reason, cause);
        }
        CompletableFuture<Void> ended = context.<Void>blocking(() -> {
                    connection.close(release);
                    return null;
                })
                .toCompletableFuture();
        owner.over(this, reason, cause, ended);
        tellMembers(member -> member.over(reason, cause));
        return ended;
    }

    /**
     * Ends it here and, where it can be reached, in ZooKeeper; but with candidates left, whose contenders may still work, it is left to run out there
     * (SAFETY V1, V4).
     */
    CompletableFuture<Void> close() {
        return end(Reason.CLOSED, new UnavailableException("closed", Reason.CLOSED, null), reserved() <= 0);
    }
}
