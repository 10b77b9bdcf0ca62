package dev.ha.etcd;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.EventLoop;
import dev.ha.spi.Pace;
import dev.ha.spi.Troubles;
import io.netty.handler.ssl.SslContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The beat of a backend: at each one a server proves that it is in touch with a quorum, and renews the lease. Finds another server when one does not answer, and
 * tells when none does. On the loop only.
 */
final class Session {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final Duration FIRST_RETRY = Duration.ofMillis(50);
    private static final Duration LAST_RETRY = Duration.ofSeconds(1);
    /** Logins cost a server some work. */
    private static final Duration DENIED_RETRY = Duration.ofSeconds(5);

    private static final Duration LAST_REVOCATION = Duration.ofSeconds(1);

    private final Settings settings;
    private final BackendContext context;
    private final Loop loop;
    private final Keys keys;
    private final Connection connection;
    private final Watches watches;
    private final List<Tenure> leaving = new ArrayList<>();
    private final Set<Endpoint> known = new HashSet<>();
    private final Troubles troubles;
    private final Pace suspicions = new Pace();
    private @Nullable Tenure tenure;
    private @Nullable Timer next;
    private CompletableFuture<Void> up = new CompletableFuture<>();
    private CompletableFuture<Void> proven = new CompletableFuture<>();
    private String process = "";
    private boolean started;
    private boolean everUp;
    private boolean beating;
    private boolean suspected;
    private boolean closed;
    private int failures;

    /** All is read again every {@code reread}. */
    Session(Settings settings, BackendContext context, Loop loop, Keys keys, Duration reread) {
        this.settings = settings;
        this.context = context;
        this.loop = loop;
        this.keys = keys;
        this.connection = new Connection(
                settings,
                loop,
                task -> context.blocking(() -> {
                    task.run();
                    return null;
                }),
                keys.probe());
        this.watches = new Watches(this, connection, loop, reread);
        this.troubles = new Troubles(context, watches::remind);
    }

    Connection connection() {
        return connection;
    }

    Watches watches() {
        return watches;
    }

    Keys keys() {
        return keys;
    }

    Settings settings() {
        return settings;
    }

    BackendContext context() {
        return context;
    }

    Loop loop() {
        return loop;
    }

    /** Name of this process, for candidates. */
    String process() {
        return process;
    }

    /** At the first use, and harmless later. */
    void start() {
        if (started || closed) {
            return;
        }
        started = true;
        Loop.whenDone(
                context.blocking(() -> {
                            process = context.processId(); // looks its host up, which must not happen on the loop
                            loadTls();
                            Requests.load();
                            return null;
                        })
                        .toCompletableFuture(),
                (done, failure) -> loop.execute(() -> {
                    if (failure == null) {
                        beat();
                    } else {
                        started = false;
                        Throwable inner = EventLoop.unwrap(failure);
                        boolean known = inner instanceof UnavailableException;
                        told(inner, known ? Reason.ACCESS_DENIED : Reason.CONNECTION_LOST, known ? "" : "starting: ");
                        next = loop.schedule(LAST_RETRY, this::start);
                    }
                }));
    }

    /** Blocks. */
    private void loadTls() {
        try {
            SslContext tls = Connection.tls(settings);
            loop.execute(() -> connection.use(tls));
        } catch (SSLException | RuntimeException unusable) { // they may be on their way
            throw new UnavailableException(
                    "the files of tls.* can't be used: " + Failures.show(unusable), Reason.ACCESS_DENIED, unusable);
        }
    }

    /** Certificates run out, and are replaced. */
    private void reloadTls() {
        Loop.whenDone(
                context.blocking(() -> {
                            loadTls();
                            return null;
                        })
                        .toCompletableFuture(),
                (done, failure) -> {
                    if (failure != null) {
                        LOG.warn("{}", Failures.show(failure));
                    }
                });
    }

    // ---- the beat ----

    /** Something failed that should not: looks at once whether the server is well. */
    void suspect() {
        if (!isUp() || beating || suspected) {
            return;
        }
        Duration wait =
                suspicions.next(nanoTime()); // whoever fails again and again beside a server that is well is no storm
        if (wait.isZero()) {
            beat();
            return;
        }
        suspected = true;
        loop.schedule(wait, () -> {
            suspected = false;
            if (isUp()) {
                beat();
            }
        });
    }

    private void beat() {
        if (closed || beating) {
            return;
        }
        cancelNext();
        beating = true;
        Tenure present = tenure;
        if (present != null) {
            present.judge();
        }
        present = tenure;
        CompletableFuture<Void> proof = present != null && present.isLive()
                ? present.renew()
                : connection.prove(patience()).thenAccept(answer -> {});
        Loop.whenDone(proof, (done, failure) -> {
            beating = false;
            if (closed) {
                return;
            }
            try {
                if (failure == null) {
                    well();
                } else {
                    failed(EventLoop.unwrap(failure));
                }
            } finally {
                if (next == null) {
                    schedule(settings.beat()); // it goes on, whatever becomes of this
                }
            }
        });
    }

    /** The first connection of a JVM loads hundreds of classes: no reason to give it up where there is no other server. */
    private Duration patience() {
        return !everUp && connection.servers() == 1 ? settings.requestTimeout() : settings.tryTimeout();
    }

    private void cancelNext() {
        if (next != null) {
            next.close();
            next = null;
        }
    }

    private void schedule(Duration delay) {
        if (!closed) {
            next = loop.schedule(delay, this::beat);
        }
    }

    private void well() {
        failures = 0;
        everUp = true;
        boolean news = !isUp();
        troubles.remove(this);
        if (news || !known.contains(connection.server())) {
            askVersions();
        }
        schedule(settings.beat());
        if (news) {
            up.complete(null);
        }
        CompletableFuture<Void> waitedFor = proven;
        proven = new CompletableFuture<>();
        waitedFor.complete(null);
        watches.up();
        if (tenure != null) {
            tenure.up();
        }
        List.copyOf(leaving).forEach(Tenure::revoke);
    }

    private void failed(Throwable failure) {
        failures++;
        LOG.debug("{} does not answer: {}", connection.server(), Failures.show(failure));
        boolean inVain = failures >= connection.servers();
        String at = connection.server().toString();
        connection.next();
        if (Failures.isOfTls(failure)) {
            reloadTls();
        }
        if (inVain) {
            if (up.isDone()) {
                up = new CompletableFuture<>();
            }
            connection.abandonWaiting(failure);
            told(failure, Failures.reason(failure), "etcd (" + settings.servers() + "), last " + at + ": ");
            schedule(Failures.isDenied(failure) ? DENIED_RETRY : retry());
        } else {
            schedule(Duration.ZERO);
        }
    }

    private Duration retry() {
        int rounds = Math.min(failures / connection.servers(), 10);
        Duration wait = FIRST_RETRY.multipliedBy(1L << (rounds - 1));
        return wait.compareTo(LAST_RETRY) < 0 ? wait : LAST_RETRY;
    }

    private void told(Throwable failure, Reason reason, String before) {
        UnavailableException cause = new UnavailableException(before + Failures.show(failure), reason, failure);
        watches.down();
        troubles.add(this, cause); // the engine tells the followers
    }

    /** An answer that is an answer, but that {@code what} may not do what it wants. */
    void denied(Object what, Throwable failure, String act) {
        troubles.add(
                what, new UnavailableException(act + ": " + Failures.show(failure), Failures.reason(failure), failure));
    }

    /** {@code what} is not denied any more, or not wanted. */
    void allowed(Object what) {
        troubles.remove(what);
    }

    /** Of all servers: it is etcd's leader that matters, whichever that will be (SAFETY E2). */
    private void askVersions() {
        for (Endpoint server : settings.endpoints()) {
            if (!known.contains(server)) {
                Loop.whenDone(connection.version(server), (version, failure) -> {
                    if (failure == null
                            && known.add(server)
                            && !ServerVersion.of(version).keepsLeases()) {
                        LOG.warn(
                                "etcd at {} is {}: before {} a lease that was renewed may be revoked when etcd changes its leader, and two contenders may lead"
                                        + " (rule 1.3)",
                                server,
                                version,
                                ServerVersion.NEEDED);
                    }
                });
            }
        }
    }

    // ---- for the others ----

    /** A server answers; nobody asks in vain then. */
    boolean isUp() {
        return up.isDone();
    }

    /** Why not. */
    @Nullable
    Throwable trouble() {
        return troubles.of(this);
    }

    /** Done when a server answers; fails when that takes longer than a request may. */
    CompletableFuture<Void> whenUp(String act) {
        start();
        return inTime(up, settings.requestTimeout(), act);
    }

    private CompletableFuture<Void> inTime(CompletableFuture<Void> event, Duration patience, String act) {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        CompletableFuture<Void> unused = event.thenRun(() -> ready.complete(null));
        if (ready.isDone()) {
            return ready;
        }
        Timer late = loop.schedule(patience, () -> {
            Throwable why = trouble();
            ready.completeExceptionally(
                    Failures.notSent(act, why == null ? Reason.CONNECTION_LOST : Failures.reason(why), why));
        });
        return ready.whenComplete((done, failure) -> late.close());
    }

    /** Done at the next proof that a server answers; fails when each was asked, and it takes longer than a request may. */
    CompletableFuture<Void> whenProven(String act) {
        Duration all = settings.tryTimeout().multipliedBy(connection.servers());
        return inTime(proven, settings.requestTimeout().plus(all), act);
    }

    /** The lease for new candidates: one for all. */
    Tenure tenure() {
        start();
        if (tenure != null) {
            tenure.judge(); // nobody joins what is over
        }
        Tenure present = tenure;
        if (present == null) {
            present = new Tenure(this);
            tenure = present;
            if (isUp()) {
                present.up();
            }
        }
        return present;
    }

    /** It is over here; in etcd when {@link Tenure#gone} says so. */
    void over(Tenure ended) {
        if (tenure == ended) {
            tenure = null;
        }
        leaving.add(ended);
        if (isUp()) {
            ended.revoke();
        }
    }

    void gone(Tenure ended) {
        leaving.remove(ended);
    }

    long nanoTime() {
        return context.nanoTime();
    }

    /** Ends all; done when etcd has been told as far as it can be reached. */
    CompletableFuture<Void> close() {
        if (closed) {
            return CompletableFuture.completedFuture(null);
        }
        cancelNext();
        boolean reachable = isUp();
        if (tenure != null) {
            tenure.end(
                    Reason.CLOSED, null); // here; in etcd only if nobody works under it any more (rule 3.7, SAFETY V6)
        }
        closed = true;
        watches.close();
        // A lease under which a contender may still work is left to run out (SAFETY V1, V6).
        CompletableFuture<?>[] told = reachable
                ? leaving.stream().filter(Tenure::isUnused).map(Tenure::gone).toArray(CompletableFuture<?>[]::new)
                : new CompletableFuture<?>[0];
        CompletableFuture<Void> all = CompletableFuture.allOf(told);
        Timer late = loop.schedule(LAST_REVOCATION, () -> all.complete(null));
        return all.handle((done, failure) -> {
            late.close();
            connection.close();
            return null;
        });
    }
}
