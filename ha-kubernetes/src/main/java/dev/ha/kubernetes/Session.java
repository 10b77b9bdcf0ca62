package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Pace;
import dev.ha.spi.Troubles;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What all elections of a process share: requests, the watch, and what is wrong with them. On the loop only. */
final class Session {
    /** What is in trouble when nobody answers. */
    private static final Object SERVER = "the API server";

    private final Settings settings;
    private final BackendContext context;
    private final Loop loop;
    private final String cluster;
    private final Api api;
    private final Troubles troubles;
    private final Leases leases;
    private final SharedReads<String, Optional<ConfigMap>> roots = new SharedReads<>();
    private final Pace pace = new Pace();
    private boolean probing;
    private boolean closed;
    private long heardAt;

    Session(Settings settings, BackendContext context, Loop loop) {
        this.settings = settings;
        this.context = context;
        this.loop = loop;
        this.cluster = context.clusterId();
        this.api = new Api(settings, context, loop);
        this.leases = new Leases(this);
        this.troubles = new Troubles(context, leases::remind);
        this.heardAt = context.nanoTime();
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

    String cluster() {
        return cluster;
    }

    /** What the watch selects by. */
    String selector() {
        return Lock.CLUSTER + "=" + Names.label(cluster);
    }

    Api api() {
        return api;
    }

    Leases leases() {
        return leases;
    }

    Troubles troubles() {
        return troubles;
    }

    boolean isClosed() {
        return closed;
    }

    /** The root of that name as a quorum knows it, for users. */
    CompletableFuture<Optional<ConfigMap>> root(String object) {
        return roots.read(object, () -> heeded(api.configMap(object)));
    }

    // ---- whether anybody answers ----

    /** The server has said something. */
    void heard() {
        heardAt = loop.nanoTime();
        troubles.remove(SERVER);
    }

    /** Nothing was heard for a beat. */
    boolean isSilent() {
        return loop.nanoTime() - heardAt >= settings.beat().toNanos();
    }

    /** Whether the server answered when it was last asked. */
    boolean isReachable() {
        return troubles.of(SERVER) == null;
    }

    /** What came of {@code request} says whether the server is there. */
    <T> CompletableFuture<T> heeded(CompletableFuture<T> request) {
        return request.whenComplete((value, failure) -> {
            if (failure == null || Failures.isAnswer(failure)) {
                heard();
            } else {
                suspect();
            }
        });
    }

    /** Asks whether the server is there; if not, everybody hears of it, and it is asked until it is. */
    void suspect() {
        if (probing || closed) {
            return;
        }
        probing = true;
        Loop.whenDone(api.probe(selector()), (found, failure) -> {
            if (failure == null || Failures.isAnswer(failure)) {
                probing = false;
                heard();
                return;
            }
            UnavailableException trouble = Failures.unavailable(failure, "the API server (" + api.target() + ")");
            troubles.add(SERVER, trouble);
            loop.schedule(pause(pace, failure), () -> {
                probing = false;
                suspect();
            });
        });
    }

    /** How long to wait after {@code failure}: as {@code pace} says, or longer, where the server wants that, but not longer than a lease. */
    Duration pause(Pace pace, Throwable failure) {
        Duration wait = pace.next(loop.nanoTime());
        Duration wanted = Failures.retryAfter(failure);
        Duration most = wanted.compareTo(settings.lease()) < 0 ? wanted : settings.lease();
        return wait.compareTo(most) < 0 ? most : wait;
    }

    /** The trouble that concerns everybody, if there is one. */
    UnavailableException notReachable(String act) {
        UnavailableException known = troubles.of(SERVER);
        return known == null
                ? new UnavailableException(act + ": no answer", Reason.CONNECTION_LOST, null)
                : new UnavailableException(act + ": " + known.getMessage(), known.reason(), known);
    }

    CompletableFuture<Void> close() {
        closed = true;
        leases.close();
        return api.close();
    }
}
