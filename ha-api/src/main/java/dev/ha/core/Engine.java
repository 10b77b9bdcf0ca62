package dev.ha.core;

import dev.ha.Diagnosis;
import dev.ha.Health;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityObserver;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElection;
import dev.ha.LeaderElectionService;
import dev.ha.LeaderRetrievalService;
import dev.ha.LeadershipLostException;
import dev.ha.Observation;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.core.store.ElectionStores;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Diagnosable;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.store.HighAvailabilityStores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The services of one backend: its elections, followers and stores, and the one order in which all of it is closed. */
final class Engine implements HighAvailabilityServices {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(5);
    private static final Duration EXIT_POLL = Duration.ofMillis(20);
    private static final Duration DISCONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration CLOSE_SLACK = Duration.ofSeconds(1);

    private final Platform platform;
    private final EngineSettings settings;
    private final HealthBoard board = new HealthBoard();
    private final Observers observers = new Observers(this);
    private final Pacer pacer = new Pacer();
    private final Map<Long, CompletableFuture<?>> open = new ConcurrentHashMap<>();
    private final AtomicLong opened = new AtomicLong();
    private final ConcurrentHashMap<String, Election> elections = new ConcurrentHashMap<>();
    private final Set<Election> alive = Collections.synchronizedSet(new LinkedHashSet<>()); // also those being closed
    private final ConcurrentHashMap<String, Watch> watches = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, HighAvailabilityStores> stores = new ConcurrentHashMap<>();
    private final Set<StoreListener> listeners = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final HighAvailabilityBackend backend;
    private final Object lock = new Object();
    private volatile boolean closing;
    private volatile boolean exiting;
    private volatile @Nullable Runnable onClosed;

    Engine(
            Platform platform,
            EngineSettings settings,
            Function<Engine, BackendContext> context,
            HighAvailabilityBackendFactory factory) {
        this.platform = platform;
        this.settings = settings;
        this.backend = factory.create(context.apply(this));
    }

    // ---- users ----

    @Override
    public LeaderElection leaderElection(String election) {
        Names.check("election", election);
        checkOpen();
        return new Seat(this, election, LeaderElectionService.LEADER, () -> openElection(election));
    }

    @Override
    public LeaderElectionService leaderElectionService(String election) {
        Names.check("election", election);
        while (true) {
            Election found = openElection(election);
            if (found.handOut()) {
                return found;
            }
        }
    }

    /** The election of that name; a new one after the former was closed. */
    private Election openElection(String name) {
        synchronized (lock) {
            checkOpen();
            CompletableFuture<Void> predecessor = CompletableFuture.completedFuture(null);
            Election present = elections.get(name);
            if (present != null) {
                CompletableFuture<Void> leaving = present.ifClosing();
                if (leaving == null) {
                    return present;
                }
                predecessor = leaving;
            }
            Election fresh = new Election(this, name, predecessor);
            elections.put(name, fresh);
            alive.add(fresh);
            return fresh;
        }
    }

    @Override
    public LeaderRetrievalService leaderRetrieval(String election) {
        return leaderRetrieval(election, LeaderElectionService.LEADER);
    }

    @Override
    public LeaderRetrievalService leaderRetrieval(String election, String component) {
        Names.check("election", election);
        Names.check("component", component);
        checkOpen();
        return new Follower(this, election, component);
    }

    /** The watch of that election; another one when the former has been dropped. */
    Watch watch(String election) {
        synchronized (lock) {
            checkOpen();
            return watches.computeIfAbsent(election, name -> new Watch(this, name));
        }
    }

    @Override
    public HighAvailabilityStores stores(String election) {
        Names.check("election", election);
        checkOpen();
        return stores.computeIfAbsent(
                election,
                name -> new ElectionStores(
                        name, new StoreAccess(this, name), settings.clusterId(), settings.storage()));
    }

    /** The way to a listener of a store. */
    StoreListener listener() {
        StoreListener listener = new StoreListener(this);
        synchronized (lock) {
            checkOpen();
            listeners.add(listener);
        }
        return listener;
    }

    @Override
    public Health health() {
        return board.health(platform.nanoTime(), leases());
    }

    /** What is wrong with the leases on which this process leads. */
    private @Nullable Health leases() {
        Health late = null;
        for (Election election : alive()) {
            LeaseDeadline lease = election.leadingLease();
            if (lease != null && !lease.isValid()) {
                return new Health(Health.Status.DOWN, HealthBoard.ranOut(election.election()));
            }
            if (lease != null && lease.isLate()) {
                late = new Health(
                        Health.Status.DEGRADED,
                        "renewals are late: the lease of election " + election.election() + " is good for "
                                + lease.remaining().toMillis() + " ms more");
            }
        }
        return late;
    }

    @Override
    public Observation observe(HighAvailabilityObserver observer) {
        Objects.requireNonNull(observer, "observer");
        checkOpen();
        return observers.add(observer, place -> {
            alive().forEach(election -> election.announceTo(place));
            watches.values().forEach(watch -> watch.announceTo(place));
        });
    }

    @Override
    public List<Diagnosis> diagnose() {
        checkOpen();
        List<Diagnosis> results = new ArrayList<>();
        for (Diagnosable.Check check :
                backend.capability(Diagnosable.class).map(Diagnosable::checks).orElse(List.of())) {
            long began = platform.nanoTime();
            String failure = null;
            String detail = "";
            try {
                detail = check.run().call();
            } catch (Exception | LinkageError thrown) {
                failure = thrown.getMessage() == null ? thrown.toString() : thrown.getMessage();
            }
            Duration took = Duration.ofNanos(platform.nanoTime() - began);
            results.add(
                    failure == null
                            ? new Diagnosis(check.name(), true, detail, "", took)
                            : new Diagnosis(check.name(), false, failure, check.remedy(), took));
        }
        return results;
    }

    @Override
    public void awaitClosed() throws InterruptedException {
        try {
            closed.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public boolean awaitClosed(Duration timeout) throws InterruptedException {
        try {
            closed.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    // ---- close: contenders, locks, followers, backend, threads ----

    @Override
    public void close() {
        CompletableFuture<Void> done = closeAsync();
        if (!Pump.insideCallbackOf(this)) {
            boolean inTime = platform.await(
                    done, settings.closeTimeout().plus(DISCONNECT_LIMIT).plus(CLOSE_SLACK));
            if (!inTime) {
                mute();
            }
        }
    }

    /** No callback starts from now on (rule 3.2). */
    private void mute() {
        alive().forEach(Election::mute);
        watches.values().forEach(Watch::mute);
    }

    /** Marks everything closed before it returns; the rest follows by itself within the bounds of close. */
    CompletableFuture<Void> closeAsync() {
        List<CompletableFuture<?>> leaving = new ArrayList<>();
        synchronized (lock) {
            if (closing) {
                return closed;
            }
            closing = true;
        }
        alive().forEach(election -> leaving.add(election.closeAsync()));
        watches.values().forEach(watch -> leaving.add(watch.closeAll()));
        listeners.forEach(listener -> leaving.add(listener.mute()));
        CompletableFuture<Void> left = CompletableFuture.allOf(leaving.toArray(CompletableFuture<?>[]::new));
        BackendContext.Timer bound = platform.schedule(settings.closeTimeout(), () -> {
            if (!exiting) {
                left.complete(null);
            }
        });
        Stages.whenDone(left, (done, failure) -> {
            bound.close();
            disconnect();
        });
        return closed;
    }

    private void disconnect() {
        mute();
        CompletableFuture<Void> disconnected = new CompletableFuture<>();
        platform.schedule(DISCONNECT_LIMIT, () -> disconnected.complete(null));
        platform.io()
                .execute(() -> Stages.whenDone(Stages.ask(backend::close), (done, failure) -> {
                    if (failure != null) {
                        LOG.warn("Closing the backend failed", failure);
                    }
                    disconnected.complete(null);
                }));
        Stages.whenDone(disconnected, (done, failure) -> finish());
    }

    private void finish() {
        board.closed();
        open.values().forEach(stage -> complete(() -> stage.completeExceptionally(closedError())));
        Runnable last = onClosed;
        if (last != null) {
            last.run();
        }
        complete(() -> closed.complete(null));
        platform.close();
    }

    /** What to do when everything is closed; at most one thing. */
    void onClosed(Runnable action) {
        onClosed = action;
    }

    /**
     * Close for a JVM that is about to end: bounded by {@link #EXIT_LIMIT}, and a lock whose contender has not stopped by then is left to run out
     * (SAFETY V4). A contender that has called exit itself counts as stopped.
     */
    void closeForExit() {
        exiting = true;
        CompletableFuture<Void> done = closeAsync();
        long until = platform.nanoTime() + exitLimit().toNanos();
        while (platform.nanoTime() < until && !platform.await(done, EXIT_POLL)) {
            alive().forEach(Election::settleAll);
        }
    }

    private Duration exitLimit() {
        return settings.closeTimeout().compareTo(EXIT_LIMIT) < 0 ? settings.closeTimeout() : EXIT_LIMIT;
    }

    // ---- for the parts of the engine ----

    private List<Election> alive() {
        return List.of(alive.toArray(Election[]::new));
    }

    Platform platform() {
        return platform;
    }

    EngineSettings settings() {
        return settings;
    }

    HighAvailabilityBackend backend() {
        return backend;
    }

    HealthBoard board() {
        return board;
    }

    Observers observers() {
        return observers;
    }

    /** When the leadership with that session ended, if it was one of this process. */
    OptionalLong endedHere(String election, UUID session) {
        Election own = elections.get(election);
        return own == null ? OptionalLong.empty() : own.endOf(session);
    }

    /** Closing while the backend can't be reached: nothing can be released one by one, so what is left runs out with its lease (SAFETY V6). */
    boolean isLeavingInOutage() {
        return closing && board.isDisconnected();
    }

    boolean isExiting() {
        return exiting;
    }

    void checkOpen() {
        synchronized (lock) {
            if (closing) {
                throw closedError();
            }
        }
    }

    private static IllegalStateException closedError() {
        return new IllegalStateException("the high-availability services are closed");
    }

    /** How long contenders may take to stop when {@code leftNanos} of the lease are left: all of it, or the close timeout where a lock never expires. */
    Duration stopLimit(long leftNanos) {
        Duration limit = leftNanos == Long.MAX_VALUE ? settings.closeTimeout() : Duration.ofNanos(leftNanos);
        return exiting && limit.compareTo(exitLimit()) > 0 ? exitLimit() : limit;
    }

    /** How long to wait before one more candidacy. */
    Duration pace() {
        return pacer.take(platform.nanoTime());
    }

    /** Waits for a seat or an election to leave, except in a callback, which may be what it waits for (rule 3.4). */
    void await(CompletableFuture<Void> left) {
        if (!Pump.insideCallbackOf(this)) {
            platform.await(left, settings.closeTimeout().plus(CLOSE_SLACK));
        }
    }

    void retired(Election election) {
        observers.left(election);
        elections.remove(election.election(), election);
        alive.remove(election);
    }

    void retired(StoreListener listener) {
        listeners.remove(listener);
    }

    void retired(Watch watch) {
        observers.unfollowed(watch);
        watches.remove(watch.election(), watch);
    }

    /** Completes a stage that a user may hold, where nothing of ours can be blocked by what depends on it. */
    void complete(Runnable completion) {
        platform.completions().execute(completion);
    }

    /** Lets a stage that a user holds end as {@code inner} does, where nothing of ours can be blocked by what depends on it. */
    <T> void pass(CompletionStage<T> inner, CompletableFuture<T> stage) {
        Stages.whenDone(
                inner,
                (value, failure) -> complete(() -> {
                    if (failure == null) {
                        stage.complete(value);
                    } else {
                        stage.completeExceptionally(failure);
                    }
                }));
    }

    /** The stage a user gets for {@code inner}: completes on the library's threads, and at the latest when the services are closed. */
    <T> CompletionStage<T> user(CompletableFuture<T> inner) {
        CompletableFuture<T> stage = track(new CompletableFuture<>());
        pass(inner, stage);
        return stage.minimalCompletionStage();
    }

    void completeLost(CompletableFuture<?> stage, String election, Term term) {
        complete(() -> stage.completeExceptionally(new LeadershipLostException(
                "the leadership of " + election + " with " + term + " was over before this was done",
                term.token(),
                0)));
    }

    /** Completes {@code stage} exceptionally when the services close before it is done: every returned stage completes (rule 7.2). */
    <T> CompletableFuture<T> track(CompletableFuture<T> stage) {
        long id = opened.incrementAndGet();
        open.put(id, stage);
        Stages.whenDone(stage, (value, failure) -> open.remove(id));
        return stage;
    }

    // ---- facts from the backend that concern all ----

    void disconnected(Reason reason, Throwable cause) {
        if (board.disconnected(reason, cause)) {
            LOG.warn("The backend is in trouble ({}): {}", reason, cause.toString());
            HighAvailabilityException error = cause instanceof UnavailableException known
                    ? known
                    : new UnavailableException("the backend is in trouble: " + cause, reason, cause);
            alive().forEach(election -> election.tell(error));
            watches.values().forEach(watch -> watch.unknown(reason, error));
        }
    }

    void connected() {
        if (board.connected()) {
            LOG.info("The backend is well again");
            observers.tell(HighAvailabilityObserver::reconnected);
        }
    }

    void historyReset(String election, String oldHistory, long oldToken, String newHistory, long newToken) {
        String detail = "the backend's data of election " + election + " was wiped or restored: token " + oldToken
                + " of history " + oldHistory + " is followed by " + newToken + " of history " + newHistory
                + "; receivers that remember the larger token will refuse the new leader";
        LOG.error("{}", detail);
        board.historyReset(detail);
    }
}
