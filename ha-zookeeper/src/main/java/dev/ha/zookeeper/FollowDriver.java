package dev.ha.zookeeper;

import dev.ha.HighAvailabilityException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.RecordText;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.jspecify.annotations.Nullable;

/** The watch of one election: a persistent recursive one, whose events are hints that cause a read of everything. */
final class FollowDriver implements LeaderRetrievalDriver, Session.Member {
    static final Duration RETRY = Duration.ofMillis(500);

    private final Following following;
    private final ElectionPaths paths;
    private final Sessions sessions;
    private final BackendContext context;
    private final Watcher watch = this::changed;
    private final Object lock = new Object();
    private @Nullable Session session;
    private @Nullable Session watched;
    private boolean looking;
    private boolean lookAgain;
    private boolean retryScheduled;
    private volatile boolean existed;
    private volatile Holder known = new Holder("", 0);
    private boolean closed;

    private record Holder(String name, long token) {}

    FollowDriver(Following following, ElectionPaths paths, Sessions sessions, BackendContext context) {
        this.following = following;
        this.paths = paths;
        this.sessions = sessions;
        this.context = context;
    }

    void start() {
        Session main = sessions.main();
        synchronized (lock) {
            if (closed || session == main) {
                return;
            }
            session = main;
        }
        main.join(this);
    }

    // ---- the watch ----

    @Override
    public void usable() {
        Session present;
        boolean fresh;
        synchronized (lock) {
            present = session;
            if (closed || present == null) {
                return;
            }
            fresh = watched != present;
            watched = present;
        }
        if (fresh) {
            watch(present);
        }
        look(); // right behind the watch
    }

    private void watch(Session on) {
        CompletableFuture<Void> unused =
                on.connection().addWatch(paths.node(), watch).whenComplete((done, failure) -> watched(on, failure));
    }

    private void watched(Session on, @Nullable Throwable failure) {
        boolean unwanted;
        synchronized (lock) {
            unwanted = closed;
            if (failure != null && watched == on) {
                watched = null;
            }
        }
        if (unwanted) {
            CompletableFuture<Void> unused = unwatch(on); // it was set behind the removal
        } else if (failure != null) {
            failed(failure);
        }
    }

    /** Also without a connection: otherwise the next ones would set it again. What can't be removed is silent, and ends with its session. */
    private CompletableFuture<Void> unwatch(Session on) {
        return on.isOver()
                ? CompletableFuture.completedFuture(null)
                : on.connection().removeWatches(paths.node()).exceptionally(failure -> null);
    }

    private void changed(WatchedEvent event) {
        if (event.getType() == EventType.None) {
            return;
        }
        String path = event.getPath();
        if (path == null || !path.startsWith(paths.entries())) {
            look();
        }
    }

    @Override
    public void forgotten() {
        look();
    }

    @Override
    public void over(Reason reason, @Nullable Throwable cause) {
        if (reason != Reason.CLOSED) {
            following.unknown(reason, cause);
            start();
        }
    }

    private void look() {
        Session present;
        synchronized (lock) {
            present = session;
            if (closed || present == null || !present.isUsable()) {
                return;
            }
            if (looking) {
                lookAgain = true;
                return;
            }
            looking = true;
            lookAgain = false;
        }
        CompletableFuture<Void> unused = look(present).handle((state, failure) -> {
            boolean again;
            synchronized (lock) {
                looking = false;
                again = lookAgain;
            }
            if (failure == null) {
                if (!isClosed() && present.isUsable()) {
                    sessions.granted(this);
                    following.seen(state);
                }
            } else {
                failed(failure);
            }
            if (again) {
                look();
            }
            return null;
        });
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private void failed(Throwable failure) {
        Session present;
        synchronized (lock) {
            present = session;
        }
        if (isClosed() || present == null || !present.isUsable()) {
            return; // the next connection looks again
        }
        HighAvailabilityException told = Failures.ofRead(failure, "following " + paths.name());
        if (told instanceof UnavailableException refused && refused.reason() == Reason.ACCESS_DENIED) {
            sessions.denied(this, refused);
        }
        following.unknown(Failures.reason(failure), told);
        retry();
    }

    /** One at a time, however much fails meanwhile; without a connection the next one does it. */
    private void retry() {
        synchronized (lock) {
            if (retryScheduled) {
                return;
            }
            retryScheduled = true;
        }
        context.schedule(RETRY, () -> {
            Session present;
            synchronized (lock) {
                retryScheduled = false;
                present = session;
            }
            if (present != null && present.isUsable()) {
                usable();
            }
        });
    }

    // ---- what is there ----

    private CompletableFuture<ElectionState> look(Session on) {
        return Look.at(on.connection(), paths, paths.record()).thenCompose(seen -> {
            if (seen.isEmpty()) {
                return CompletableFuture.completedFuture(nothing());
            }
            existed = true;
            return state(on, seen.get());
        });
    }

    private ElectionState nothing() {
        return new ElectionState("", 0, 0, Map.of(), existed ? Reason.VANISHED : Reason.INITIAL);
    }

    private CompletableFuture<ElectionState> state(Session on, Look seen) {
        Connection.Node node = seen.other();
        RecordText record = node == null ? RecordText.NOTHING : RecordText.parse(node.data());
        long changed = node == null ? 0 : node.stat().getMzxid();
        long revision = Math.max(seen.election().getPzxid(), changed);
        String holder = seen.holder();
        if (holder.isEmpty()) {
            Reason reason = record.candidate().isEmpty()
                    ? Reason.INITIAL
                    : record.released() ? Reason.RESIGNED : Reason.EXPIRED;
            return CompletableFuture.completedFuture(new ElectionState(seen.history(), revision, 0, Map.of(), reason));
        }
        // The record may be anybody's work: whose token it is only the holder's node says.
        return token(on, holder).thenCompose(token -> {
            if (token.isEmpty()) {
                return look(on); // gone meanwhile
            }
            boolean bound = record.candidate().equals(holder) && !record.released();
            return CompletableFuture.completedFuture(new ElectionState(
                    seen.history(),
                    revision,
                    token.get(),
                    bound ? record.records() : Map.of(),
                    bound ? Reason.CONFIRMED : record.released() ? Reason.RESIGNED : Reason.EXPIRED));
        });
    }

    /** Of a candidate; a node of that name has this one for ever, so it is asked for once. */
    private CompletableFuture<Optional<Long>> token(Session on, String holder) {
        Holder present = known;
        if (present.name.equals(holder)) {
            return CompletableFuture.completedFuture(Optional.of(present.token));
        }
        return on.connection()
                .exists(paths.candidate(holder), null)
                .thenApply(stat -> {
                    known = new Holder(holder, stat.getCzxid());
                    return Optional.of(stat.getCzxid());
                })
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture(Optional.empty())
                        : CompletableFuture.failedFuture(failure));
    }

    // ---- asked ----

    @Override
    public CompletionStage<ElectionState> read() {
        String act = "reading " + paths.name();
        Session main = sessions.main();
        return main.whenUsable(act, connection -> main.commit().thenCompose(done -> look(main)))
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(Failures.ofRead(failure, act)));
    }

    @Override
    public CompletionStage<Void> close() {
        Session present;
        boolean remove;
        synchronized (lock) {
            closed = true;
            present = session;
            remove = watched != null && watched == present;
        }
        if (present == null) {
            return CompletableFuture.completedStage(null);
        }
        present.leave(this);
        sessions.granted(this);
        CompletableFuture<Void> removed = remove ? unwatch(present) : CompletableFuture.completedFuture(null);
        return present.isUsable() ? removed : CompletableFuture.completedStage(null);
    }
}
