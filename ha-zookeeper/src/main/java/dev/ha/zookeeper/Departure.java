package dev.ha.zookeeper;

import dev.ha.OutcomeUnknownException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.RecordText;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one candidate's node, and how it leaves ZooKeeper: whatever became of its creation, until it is certain that it is not there and can't come any
 * more (SAFETY C1). One removal at a time; who asks meanwhile shares it.
 */
final class Departure {
    private final ElectionPaths paths;
    private final Session session;
    private final Sessions sessions;
    private final Reaper reaper;
    private final BackendContext context;
    private final String nonce = CandidateName.newNonce();
    private final CompletableFuture<Void> creation = new CompletableFuture<>();
    private final Object lock = new Object();
    private String name = "";
    private long token;
    private boolean published;
    private @Nullable CompletableFuture<Void> running;
    private long triedAt;
    private boolean gone;

    Departure(ElectionPaths paths, Session session, Sessions sessions, Reaper reaper, BackendContext context) {
        this.paths = paths;
        this.session = session;
        this.sessions = sessions;
        this.reaper = reaper;
        this.context = context;
    }

    String nonce() {
        return nonce;
    }

    ElectionPaths paths() {
        return paths;
    }

    // ---- what the candidate tells ----

    /** Its node is there. */
    void created(String asName, long withToken) {
        synchronized (lock) {
            name = asName;
            token = withToken;
        }
        creation.complete(null);
    }

    /** Its creation was not asked for since the last one was refused, and will not be. */
    void neverCreated() {
        creation.complete(null);
    }

    /** Its creation has failed, which may or may not mean that there is no node. */
    void creationFailed(Throwable failure) {
        creation.completeExceptionally(failure);
    }

    /** From now on the record may be its own. */
    void publishes() {
        synchronized (lock) {
            published = true;
        }
    }

    // ---- the removal ----

    /** The candidate is given up: removes it now, and the reaper does it again until it is done. */
    CompletableFuture<Void> begin() {
        reaper.add(this);
        return remove();
    }

    /** Done when it is not in ZooKeeper, and can't come any more. */
    CompletableFuture<Void> remove() {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        boolean over;
        synchronized (lock) {
            CompletableFuture<Void> present = running;
            if (present != null) {
                return present;
            }
            over = gone;
            if (!over) {
                running = mine;
            }
        }
        if (over) {
            reaper.remove(this); // begun again after it was done
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> unused = attempt().whenComplete((done, failure) -> tried(mine, failure));
        return mine;
    }

    private void tried(CompletableFuture<Void> removal, @Nullable Throwable failure) {
        synchronized (lock) {
            running = null;
            triedAt = context.nanoTime();
            gone = failure == null;
        }
        if (failure != null) {
            removal.completeExceptionally(Failures.ofRead(failure, "removing a candidate of " + paths.name()));
            return;
        }
        reaper.remove(this);
        session.release(paths.candidateBytes());
        sessions.tidy(session);
        removal.complete(null);
    }

    /** Whether nobody is removing it or has tried within {@code patience}. */
    boolean isForgotten(Duration patience) {
        synchronized (lock) {
            return running == null && context.nanoTime() - triedAt >= patience.toNanos();
        }
    }

    private CompletableFuture<Void> attempt() {
        // The usual case by the shortest way: a handover in a JVM that is about to end runs each line for the first
        // time.
        return !name().isEmpty() && session.isUsable()
                ? release(session.connection())
                : creation.handle((done, failure) -> failure).thenCompose(this::removed);
    }

    private CompletableFuture<Void> removed(@Nullable Throwable failure) {
        if (session.isOver()) {
            return sessions.isGone(session)
                    .thenCompose(
                            over -> over ? CompletableFuture.completedFuture(null) : searchWhenUsable(sessions.main()));
        }
        if (!name().isEmpty()) {
            return session.whenUsable("leaving " + paths.name(), this::release);
        }
        return failure == null || isCertain(failure)
                ? CompletableFuture.completedFuture(null) // never sent, or refused
                : searchWhenUsable(session);
    }

    private static boolean isCertain(Throwable failure) {
        return !(Failures.ofWrite(failure, "", 0) instanceof OutcomeUnknownException)
                && Failures.code(failure) != Code.SESSIONEXPIRED;
    }

    private String name() {
        synchronized (lock) {
            return name;
        }
    }

    /** Candidate and record in one transaction (SAFETY Z4): the record can only be ours while the candidate is there. */
    private CompletableFuture<Void> release(Connection connection) {
        byte[] released;
        synchronized (lock) {
            released = published ? RecordText.released(name, token).toBytes() : null;
        }
        if (released == null) {
            return delete(connection, paths.candidate(name()));
        }
        return connection
                .multi(List.of(Op.delete(paths.candidate(name()), -1), Op.setData(paths.record(), released, -1)))
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

    private CompletableFuture<Void> searchWhenUsable(Session where) {
        return where.whenUsable("removing an orphan", connection -> search(where));
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
}
