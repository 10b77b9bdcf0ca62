package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.Lease;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.zookeeper.CreateMode;
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
    /** A third of the timeout is the margin: the leader hears of a session up to a quarter of it late, the rest is for clocks. */
    private static final int MARGIN = 3;

    /** What lives on a session. Told without a lock, on the client's threads. */
    interface Member {
        /** The session is usable: for the first time, or again after it was disconnected. */
        void usable();

        /** The session is over. */
        void over(Reason reason, @Nullable Throwable cause);
    }

    /** What a session tells the backend. */
    interface Owner {
        /** There is trouble, of which the user has to hear. */
        void trouble(Session session, Reason reason, String what, @Nullable Throwable cause);

        /** The session is usable. */
        void well(Session session);

        void over(Session session);
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
    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private final Set<Member> waitingForLease = ConcurrentHashMap.newKeySet();
    private final AtomicInteger bytes = new AtomicInteger();
    private final Object lock = new Object();
    private State state = State.CONNECTING;
    private int connections;
    private boolean usable;
    private boolean wasUsable;
    private Duration timeout;
    private @Nullable Evidence evidence;
    private @Nullable Lease lease;
    private long lastAnswer;
    private @Nullable Throwable denial;
    private long wallOffset;
    private boolean writing;
    private @Nullable CompletableFuture<Void> nextWrite;
    private long id;
    private @Nullable Timer tick;

    Session(Settings settings, BackendContext context, Paths paths, Owner owner) {
        this.settings = settings;
        this.context = context;
        this.paths = paths;
        this.owner = owner;
        this.timeout = settings.sessionTimeout();
        this.connection = new Connection(settings, context, this);
    }

    /** Connects, after {@code delay}. */
    void start(Duration delay) {
        context.schedule(delay, () -> context.blocking(() -> {
                    String unused = context.processId(); // looks its host up, which must not happen later
                    connection.start();
                    return null;
                })
                .whenComplete((started, failure) -> {
                    if (failure != null) {
                        end(Reason.CONNECTION_LOST, Failures.unwrap(failure));
                    }
                }));
        scheduleTick();
    }

    // ---- for members ----

    Connection connection() {
        return connection;
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

    /** Runs {@code request} when the session is usable; fails when that takes longer than a request may. */
    <T> CompletableFuture<T> whenUsable(String act, Function<Connection, CompletableFuture<T>> request) {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        Member waiting = new Member() {
            @Override
            public void usable() {
                ready.complete(null);
            }

            @Override
            public void over(Reason reason, @Nullable Throwable cause) {
                ready.completeExceptionally(new UnavailableException(act + ": the session is over", reason, cause));
            }
        };
        join(waiting);
        Throwable refusal = refusal();
        if (refusal != null) {
            ready.completeExceptionally(refusal);
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

    /** Why the session can't be used although it is connected. */
    private @Nullable Throwable refusal() {
        synchronized (lock) {
            return usable ? null : denial;
        }
    }

    /**
     * The lease for a grant, at least a sixth of the timeout long; null if no evidence is that young, or the session is not usable: {@code member} is told
     * {@link Member#usable} when it is.
     */
    @Nullable
    Lease leaseForGrant(Member member) {
        synchronized (lock) {
            Lease present = presentLease();
            if (present == null) {
                waitingForLease.add(member);
            }
            return present;
        }
    }

    private @Nullable Lease presentLease() {
        if (!usable) {
            return null;
        }
        Lease present = lease;
        if (present != null && present.isValid()) {
            return present;
        }
        OptionalLong proven = evidence();
        if (proven.isEmpty() || context.nanoTime() - proven.getAsLong() >= timeout.toNanos() / 2) {
            return null;
        }
        present = context.lease(timeout, timeout.dividedBy(MARGIN), proven.getAsLong());
        lease = present;
        return present;
    }

    /** Evidence so far; none if the machine was suspended since, which the monotonic clock doesn't show (SAFETY 2). */
    private OptionalLong evidence() {
        Evidence known = evidence;
        if (known == null) {
            return OptionalLong.empty();
        }
        long offset = wallOffset();
        if (offset - wallOffset > timeout.toMillis() / MARGIN) {
            known.forget();
        }
        wallOffset = offset;
        return known.proven();
    }

    private long wallOffset() {
        return context.wallTime().toEpochMilli()
                - Duration.ofNanos(context.nanoTime()).toMillis();
    }

    // ---- committed writes: renewals and barriers ----

    /**
     * A write of this session that is sent after this call; done when it is committed. What is read on this session afterwards is at least as new as anything
     * that was committed before this call. One is in flight at a time; all who ask meanwhile share the next one.
     */
    CompletableFuture<Void> commit() {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        synchronized (lock) {
            if (writing) {
                CompletableFuture<Void> shared = nextWrite;
                if (shared == null) {
                    nextWrite = mine;
                    shared = mine;
                }
                return shared;
            }
            writing = true;
        }
        write(mine);
        return mine;
    }

    private void write(CompletableFuture<Void> done) {
        long sentAt = context.nanoTime();
        byte[] data = context.processId().getBytes(StandardCharsets.UTF_8);
        String path = paths.member(id());
        CompletableFuture<Void> unused = connection
                .renew(path, data)
                .<Void>thenApply(stat -> null)
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? enrol(path, data)
                        : CompletableFuture.failedFuture(failure))
                .whenComplete((committed, failure) -> {
                    if (failure == null) {
                        committed(sentAt);
                    }
                    CompletableFuture<Void> next;
                    synchronized (lock) {
                        next = nextWrite;
                        nextWrite = null;
                        writing = next != null;
                    }
                    if (next != null) {
                        write(next);
                    }
                    if (failure == null) {
                        done.complete(null);
                    } else {
                        done.completeExceptionally(Failures.unwrap(failure));
                    }
                });
    }

    /** Makes the own node, at first and whenever somebody has removed it. */
    private CompletableFuture<Void> enrol(String path, byte[] data) {
        return connection
                .create(path, data, CreateMode.EPHEMERAL)
                .<Void>thenApply(node -> null)
                .exceptionallyCompose(failure -> switch (Failures.code(failure)) {
                    case NONODE ->
                        createAll(paths.members())
                                .thenCompose(done -> connection.create(path, data, CreateMode.EPHEMERAL))
                                .thenApply(node -> null);
                    case NODEEXISTS -> connection.setData(path, data, -1).thenApply(stat -> null);
                    default -> CompletableFuture.failedFuture(failure);
                });
    }

    /** Makes a persistent node and its ancestors, those that are missing. */
    CompletableFuture<Void> createAll(String path) {
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        for (String node : Paths.withAncestors(path)) {
            all = all.thenCompose(done -> createIfMissing(node));
        }
        return all;
    }

    /** Looks first: whoever may not create the upper nodes may still use them. */
    private CompletableFuture<Void> createIfMissing(String node) {
        return connection
                .exists(node, null)
                .<Void>thenApply(stat -> null)
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? connection
                                .create(node, new byte[0], CreateMode.PERSISTENT)
                                .<Void>thenApply(made -> null)
                                .exceptionallyCompose(refused -> Failures.code(refused) == Code.NODEEXISTS
                                        ? CompletableFuture.completedFuture(null)
                                        : CompletableFuture.failedFuture(refused))
                        : CompletableFuture.failedFuture(failure));
    }

    private void committed(long sentAt) {
        Lease renewed = null;
        long proven = 0;
        synchronized (lock) {
            Evidence known = evidence;
            if (state == State.OVER || known == null) {
                return;
            }
            lastAnswer = context.nanoTime();
            evidence(); // forgets what was before a suspended machine
            if (known.acknowledged(sentAt) && known.proven().isPresent()) {
                renewed = lease;
                proven = known.proven().getAsLong();
            }
        }
        if (renewed != null) {
            renewed.renewed(proven);
        }
        for (Member waiting : List.copyOf(waitingForLease)) {
            if (waitingForLease.remove(waiting)) {
                waiting.usable();
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
        boolean dead;
        synchronized (lock) {
            renew = state == State.CONNECTED && !writing;
            dead = evidence != null && context.nanoTime() - lastAnswer >= timeout.toNanos();
        }
        if (dead) {
            // Whatever the connection says: nothing we write is committed any more (SAFETY Z1, Z5).
            end(
                    Reason.CONNECTION_LOST,
                    new UnavailableException(
                            "no write was committed for a session timeout, "
                                    + timeout().toMillis() + " ms",
                            Reason.CONNECTION_LOST,
                            null));
            return;
        }
        if (renew) {
            boolean first = !isUsable();
            CompletableFuture<Void> unused = commit().whenComplete((done, failure) -> {
                if (failure != null) {
                    LOG.debug("A renewal failed: {}", failure.toString());
                    report(failure);
                } else if (first) {
                    verified();
                }
            });
        }
        scheduleTick();
    }

    // ---- events of the connection ----

    @Override
    public void connected(Duration negotiated, long attemptAt) {
        boolean shrunk;
        Duration before;
        synchronized (lock) {
            if (state == State.OVER) {
                return;
            }
            before = timeout;
            shrunk = evidence != null && negotiated.compareTo(timeout) < 0;
            if (evidence == null) {
                timeout = negotiated;
                evidence = new Evidence(negotiated, attemptAt);
                wallOffset = wallOffset();
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
                    new UnavailableException(
                            "another server shortened the session timeout from " + before.toMillis() + " to "
                                    + negotiated.toMillis() + " ms",
                            Reason.CONNECTION_LOST,
                            null));
            return;
        }
        scheduleTick();
        verify();
    }

    /** Before anything is believed on this connection, a write of it must be committed. */
    private void verify() {
        CompletableFuture<Void> unused = commit().whenComplete((done, failure) -> {
            if (failure == null) {
                verified();
            } else {
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
            denial = null;
            @Nullable Lease unused = presentLease(); // in time, so that a grant does not wait for it
        }
        owner.well(this);
        members.forEach(Member::usable);
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
            if (!settings.toleratesSuspended()) {
                over = lease;
                lease = null;
            }
        }
        UnavailableException cause = new UnavailableException(
                "the connection to ZooKeeper (" + settings.quorum() + ") is lost", Reason.CONNECTION_SUSPENDED, null);
        if (settings.toleratesSuspended()) {
            context.schedule(untilToldOfTrouble(), () -> {
                if (isStillDisconnected(connection)) {
                    owner.trouble(this, Reason.CONNECTION_SUSPENDED, cause.getMessage() + "", cause);
                }
            });
        } else {
            if (over != null) {
                over.end(Reason.CONNECTION_SUSPENDED, cause);
            }
            owner.trouble(this, Reason.CONNECTION_SUSPENDED, cause.getMessage() + "", cause);
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
        end(
                Reason.EXPIRED,
                new UnavailableException("the ZooKeeper session has expired", Reason.CONNECTION_LOST, null));
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
        String what = "ZooKeeper (" + settings.quorum() + "): " + why;
        if (!isOver()) {
            owner.trouble(this, Reason.CONNECTION_LOST, what, null);
        }
    }

    private void report(Throwable failure) {
        if (Failures.code(failure) == Code.AUTHFAILED) {
            authenticationFailed(); // the client has no event for each way in which a login fails
        } else if (Failures.isDenied(failure)) {
            synchronized (lock) {
                lastAnswer = context.nanoTime(); // a session that is refused is alive: another one would fare no better
                denial = failure;
            }
            owner.trouble(this, Reason.ACCESS_DENIED, "ZooKeeper: " + Failures.show(Failures.unwrap(failure)), failure);
        }
    }

    // ---- the end ----

    private void end(Reason reason, @Nullable Throwable cause) {
        Lease over;
        synchronized (lock) {
            if (state == State.OVER) {
                return;
            }
            state = State.OVER;
            usable = false;
            over = lease;
            lease = null;
            if (tick != null) {
                tick.close();
            }
        }
        LOG.info("ZooKeeper session 0x{} is over: {}", Long.toHexString(id()), String.valueOf(cause));
        if (over != null) {
            over.end(reason, cause);
        }
        if (reason != Reason.CLOSED) {
            Reason told = reason == Reason.ACCESS_DENIED ? reason : Reason.CONNECTION_LOST;
            owner.trouble(this, told, cause == null ? "the session is over" : cause.getMessage() + "", cause);
        }
        owner.over(this);
        members.forEach(member -> member.over(reason, cause));
        if (reason != Reason.CLOSED) {
            CompletableFuture<Void> unused = disconnect();
        }
    }

    private CompletableFuture<Void> disconnect() {
        return context.<Void>blocking(() -> {
                    connection.close();
                    return null;
                })
                .toCompletableFuture();
    }

    /** Ends it here and, where it can be reached, in ZooKeeper. */
    CompletableFuture<Void> close() {
        end(Reason.CLOSED, null);
        return disconnect();
    }
}
