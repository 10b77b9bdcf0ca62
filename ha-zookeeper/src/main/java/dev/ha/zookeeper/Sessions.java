package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException.Code;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one backend: a main one for followers, reads and as many candidates as the closing of one session can carry, then further ones (SAFETY Z2). A
 * session that is over is replaced.
 */
final class Sessions implements Session.Owner {
    /** Bytes of ephemeral paths per session. The closing transaction of a session lists them all, and one of more than jute.maxbuffer (1 MiB) kills an ensemble for good. */
    static final int LIMIT = 512 * 1024;

    private final Settings settings;
    private final BackendContext context;
    private final Paths paths;
    private final int limit;
    private final Object lock = new Object();
    private final List<Session> open = new ArrayList<>();
    private final Map<Session, CompletableFuture<Boolean>> gone = new WeakHashMap<>();
    private final Map<Object, UnavailableException> troubles = new LinkedHashMap<>();
    private @Nullable Session main;
    private CompletableFuture<Void> left = CompletableFuture.completedFuture(null);
    private int failures;
    private boolean closed;

    Sessions(Settings settings, BackendContext context, Paths paths, int limit) {
        this.settings = settings;
        this.context = context;
        this.paths = paths;
        this.limit = limit;
    }

    /** The session for all but candidates; opened if there is none. */
    Session main() {
        Session fresh;
        Duration delay;
        synchronized (lock) {
            checkOpen();
            Session present = main;
            if (present != null) {
                return present;
            }
            fresh = add();
            main = fresh;
            delay = delay();
        }
        fresh.start(delay);
        return fresh;
    }

    /** A session with room for {@code bytes}; they are reserved there. */
    Session forCandidate(int bytes) {
        Session first = main();
        if (first.reserve(bytes, limit)) {
            return first;
        }
        Session fresh;
        Duration delay;
        synchronized (lock) {
            checkOpen();
            for (Session present : open) {
                if (present != main && present.reserve(bytes, limit)) {
                    return present;
                }
            }
            fresh = add();
            fresh.reserve(bytes, limit);
            delay = delay();
        }
        fresh.start(delay);
        return fresh;
    }

    private Session add() {
        Session fresh = new Session(settings, context, paths, this);
        open.add(fresh);
        return fresh;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this backend is closed");
        }
    }

    /** None after a success, then doubling: a session that is refused again and again must not become a storm. */
    private Duration delay() {
        if (failures == 0) {
            return Duration.ZERO;
        }
        Duration wait = settings.retryWait().multipliedBy(1L << Math.min(failures - 1, 20));
        return wait.compareTo(settings.maxRetryWait()) < 0 ? wait : settings.maxRetryWait();
    }

    int count() {
        synchronized (lock) {
            return open.size();
        }
    }

    // ---- reports of sessions ----

    @Override
    public void trouble(Session session, Reason reason, UnavailableException cause) {
        add(session, cause);
    }

    /** {@code who} was refused something for lack of rights, on a session that is fine otherwise. */
    void denied(Object who, UnavailableException cause) {
        add(who, cause);
    }

    private void add(Object who, UnavailableException cause) {
        Session healthy;
        synchronized (lock) {
            if (closed
                    || (who instanceof Session session
                            && cause.reason() != Reason.ACCESS_DENIED
                            && session.isUsable())) {
                return; // the latter: it has recovered meanwhile
            }
            UnavailableException known = troubles.put(who, cause);
            if (known != null && known.reason() == cause.reason()) {
                return;
            }
            healthy = main == who ? null : main;
        }
        tell(cause, healthy);
    }

    /** Tells everybody; followers on a healthy session, which know nothing for a moment now, look again. */
    private void tell(UnavailableException cause, @Nullable Session healthy) {
        context.disconnected(cause.reason(), cause);
        if (healthy != null) {
            healthy.remind();
        }
    }

    @Override
    public void well(Session session) {
        synchronized (lock) {
            failures = 0;
        }
        remove(session);
    }

    /** What {@code who} was refused has succeeded, or nobody wants it any more. */
    void granted(Object who) {
        remove(who);
    }

    private void remove(Object who) {
        UnavailableException remaining;
        Session present;
        synchronized (lock) {
            if (troubles.remove(who) == null) {
                return;
            }
            remaining = troubles.values().stream().findFirst().orElse(null);
            present = main;
        }
        if (remaining == null) {
            context.connected();
            if (present != null && present != who) {
                present.remind();
            }
        } else {
            tell(remaining, present);
        }
    }

    @Override
    public void over(Session session, Reason reason, UnavailableException cause, CompletableFuture<Void> ended) {
        boolean replace;
        synchronized (lock) {
            left = CompletableFuture.allOf(left, ended);
            open.remove(session);
            replace = main == session && !closed;
            if (main == session) {
                main = null;
            }
            if (!session.wasEverUsable()) {
                failures++;
            }
        }
        if (replace) {
            Session next = replace();
            // Until the next one is well. What lived on a further session hears of its end by itself.
            if (next != null) {
                add(next, cause);
            }
        }
        remove(session);
    }

    private @Nullable Session replace() {
        try {
            return main();
        } catch (IllegalStateException closedMeanwhile) {
            return null;
        }
    }

    /** Closes a further session that carries no candidate any more. */
    void tidy(Session session) {
        synchronized (lock) {
            if (closed || session == main || session.reserved() > 0 || !open.remove(session)) {
                return;
            }
        }
        CompletableFuture<Void> unused = session.close();
    }

    /**
     * Whether the ephemerals of a session that is over here are gone in ZooKeeper too. "Expired" is no proof, as the client says it of its own accord: the proof is that
     * the session's own node is absent behind a committed write, as a closed session loses all its nodes in one transaction.
     */
    CompletableFuture<Boolean> isGone(Session session) {
        if (!session.wasEverUsable()) {
            return CompletableFuture.completedFuture(true);
        }
        Session present = main();
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        synchronized (lock) {
            CompletableFuture<Boolean> asked = gone.putIfAbsent(session, answer);
            if (asked != null) {
                return asked;
            }
        }
        CompletableFuture<Void> unused = present.whenUsable(
                        "looking for a former session", connection -> present.commit()
                                .thenCompose(done -> connection.exists(paths.member(session.id()), null)))
                .handle((stat, failure) -> {
                    synchronized (lock) {
                        if (failure == null || Failures.code(failure) != Code.NONODE) {
                            gone.remove(session, answer); // asked again next time
                        }
                    }
                    if (failure == null) {
                        answer.complete(false);
                    } else if (Failures.code(failure) == Code.NONODE) {
                        answer.complete(true);
                    } else {
                        answer.completeExceptionally(failure);
                    }
                    return null;
                });
        return answer;
    }

    /** Closes all sessions; done when the threads of all that there ever were have ended. */
    CompletableFuture<Void> close() {
        List<Session> present;
        synchronized (lock) {
            closed = true;
            present = List.copyOf(open);
        }
        for (Session session : present) {
            CompletableFuture<Void> unused = session.close();
        }
        synchronized (lock) {
            return left;
        }
    }
}
