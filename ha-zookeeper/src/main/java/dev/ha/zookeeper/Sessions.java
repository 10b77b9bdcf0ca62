package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
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
    private final Map<Session, CompletableFuture<Boolean>> gone = new java.util.WeakHashMap<>();
    private final Map<Session, Reason> troubles = new LinkedHashMap<>();
    private @Nullable Session main;
    private int failures;
    private boolean closed;
    private volatile Consumer<Session> onUsable = session -> {};

    Sessions(Settings settings, BackendContext context, Paths paths, int limit) {
        this.settings = settings;
        this.context = context;
        this.paths = paths;
        this.limit = limit;
    }

    /** Told whenever a session has become usable. */
    void onUsable(Consumer<Session> listener) {
        onUsable = listener;
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
        if (main().reserve(bytes, limit)) {
            return main();
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
    public void trouble(Session session, Reason reason, String what, @Nullable Throwable cause) {
        synchronized (lock) {
            if (closed) {
                return;
            }
            troubles.put(session, reason);
        }
        context.disconnected(
                reason,
                cause instanceof UnavailableException known ? known : new UnavailableException(what, reason, cause));
    }

    @Override
    public void well(Session session) {
        boolean all;
        synchronized (lock) {
            failures = 0;
            troubles.remove(session);
            troubles.keySet().removeIf(Session::isOver);
            all = troubles.isEmpty();
        }
        if (all) {
            context.connected();
        }
        onUsable.accept(session);
    }

    /** A request that was refused for lack of rights, on a session that is fine otherwise. */
    void denied(Session session, Throwable cause, String what) {
        trouble(session, Reason.ACCESS_DENIED, what + ": " + Failures.show(Failures.unwrap(cause)), cause);
    }

    /** A request of the kind that was refused has succeeded. */
    void granted(Session session) {
        boolean news;
        synchronized (lock) {
            news = troubles.remove(session, Reason.ACCESS_DENIED) && troubles.isEmpty();
        }
        if (news) {
            context.connected();
        }
    }

    @Override
    public void over(Session session) {
        synchronized (lock) {
            open.remove(session);
            if (main == session) {
                main = null;
            }
            if (!session.wasEverUsable()) {
                failures++;
            }
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
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        synchronized (lock) {
            CompletableFuture<Boolean> asked = gone.putIfAbsent(session, answer);
            if (asked != null) {
                return asked;
            }
        }
        Session present = main();
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

    /** Closes all sessions; done when their threads have ended. */
    CompletableFuture<Void> close() {
        List<Session> leaving;
        synchronized (lock) {
            closed = true;
            leaving = List.copyOf(open);
        }
        return CompletableFuture.allOf(leaving.stream().map(Session::close).toArray(CompletableFuture<?>[]::new));
    }
}
