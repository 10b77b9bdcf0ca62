package dev.ha.zookeeper;

import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.spi.Change;
import dev.ha.spi.EntryText;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.RecordText;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/** The writes of one leader: each is a transaction that is bound to its candidate (SAFETY Z3, Z4). */
final class FencedWrites {
    private final Session session;
    private final ElectionPaths paths;
    private final String name;
    private final long token;
    private final EntryNames names;
    private final Map<String, CompletableFuture<Void>> turns = new ConcurrentHashMap<>();

    /** {@code name} and {@code token} are those of the candidate that leads. */
    FencedWrites(Session session, ElectionPaths paths, String name, long token) {
        this.session = session;
        this.paths = paths;
        this.name = name;
        this.token = token;
        this.names = new EntryNames(paths);
    }

    // ---- records ----

    CompletableFuture<Void> publish(Map<String, LeaderRecord> records) {
        byte[] text = RecordText.published(name, token, records).toBytes();
        return fenced("publishing for " + paths.name(), connection -> publish(connection, text, true));
    }

    private CompletableFuture<Void> publish(Connection connection, byte[] text, boolean exists) {
        Op write = exists ? Op.setData(paths.record(), text, -1) : connection.creation(paths.record(), text);
        return checked(connection, write).thenCompose(results -> {
            if (Connection.failed(results) < 0) {
                return CompletableFuture.completedFuture(null);
            }
            Code code = Connection.code(results.get(1));
            return code == (exists ? Code.NONODE : Code.NODEEXISTS)
                    ? publish(connection, text, !exists)
                    : CompletableFuture.failedFuture(KeeperException.create(code, paths.record()));
        });
    }

    // ---- entries ----

    /** The new version of the entry; empty after a deletion. */
    CompletableFuture<String> write(Change change) {
        String path = paths.entry(change.name());
        byte[] text = EntryText.write(change.writeId(), change.value());
        return inTurn(
                change.name(),
                () -> fenced(change + " in " + paths.name(), connection -> names.admit(connection, change)
                        .thenCompose(admitted -> send(connection, path, text, change)
                                .whenComplete((version, failure) -> settled(change, failure)))));
    }

    private CompletableFuture<String> send(Connection connection, String path, byte[] text, Change change) {
        return switch (change.kind()) {
            case CREATE -> createEntry(connection, path, text, change, true);
            case REPLACE ->
                changeEntry(
                        connection,
                        path,
                        change,
                        Op.setData(path, text, EntryVersion.dataVersion(change.expectedVersion())));
            case DELETE ->
                changeEntry(
                        connection, path, change, Op.delete(path, EntryVersion.dataVersion(change.expectedVersion())));
        };
    }

    private void settled(Change change, @Nullable Throwable failure) {
        if (failure == null || Failures.unwrap(failure) instanceof ConflictException) {
            names.settled(change, failure == null);
        }
    }

    /**
     * One write to an entry begins when the one before it is answered, as each has two parts: between its look and its transaction no other write of ours may delete
     * the entry and make it anew, with a data version that has been before. Writes to different entries overlap.
     */
    private <T> CompletableFuture<T> inTurn(String entry, Supplier<CompletableFuture<T>> write) {
        CompletableFuture<Void> turn = new CompletableFuture<>();
        CompletableFuture<Void> before = turns.put(entry, turn);
        CompletableFuture<T> written = before == null ? write.get() : before.thenCompose(done -> write.get());
        return written.whenComplete((value, failure) -> {
            turns.remove(entry, turn);
            turn.complete(null);
        });
    }

    private CompletableFuture<String> createEntry(
            Connection connection, String path, byte[] text, Change change, boolean hasParent) {
        CompletableFuture<List<OpResult>> creating = checked(connection, connection.creation(path, text));
        CompletableFuture<Stat> seeing = connection.exists(path, null); // right behind it: what it is is ours
        return creating.thenCompose(results -> {
            if (Connection.failed(results) < 0) {
                return seeing.thenApply(stat -> EntryVersion.of(stat.getCzxid(), 0))
                        .exceptionallyCompose(failure -> CompletableFuture.failedFuture(new OutcomeUnknownException(
                                change + ": written, but its version is not known", Failures.unwrap(failure))));
            }
            Code code = Connection.code(results.get(1));
            if (code == Code.NONODE && hasParent) {
                return checked(connection, connection.creation(paths.entries(), new byte[0]))
                        .thenCompose(done -> createEntry(connection, path, text, change, false));
            }
            return CompletableFuture.failedFuture(
                    code == Code.NODEEXISTS
                            ? new ConflictException(change + ": the entry exists")
                            : KeeperException.create(code, path));
        });
    }

    /** The look before can't be outdated by anybody but the leader, whose writes to one entry take turns: so the data version stands for the whole version. */
    private CompletableFuture<String> changeEntry(Connection connection, String path, Change change, Op write) {
        return version(connection, path, change).thenCompose(found -> {
            // With another version than expected the transaction still tells whether the lock is ours.
            boolean matches = found.equals(change.expectedVersion());
            return checked(connection, matches ? write : Op.check(paths.candidate(name), 0))
                    .thenCompose(results -> {
                        Code code = Connection.code(results.get(1));
                        if (!matches || code == Code.NONODE || code == Code.BADVERSION) {
                            return CompletableFuture.failedFuture(new ConflictException(
                                    change + ": found " + (found.isEmpty() ? "no entry" : "version " + found)));
                        }
                        return code == Code.OK
                                ? CompletableFuture.completedFuture(newVersion(results.get(1)))
                                : CompletableFuture.failedFuture(KeeperException.create(code, path));
                    });
        });
    }

    private static String newVersion(OpResult result) {
        return result instanceof OpResult.SetDataResult set
                ? EntryVersion.of(set.getStat().getCzxid(), set.getStat().getVersion())
                : "";
    }

    /** Of the entry as it is; empty if there is none. Nothing has been written when this fails. */
    private static CompletableFuture<String> version(Connection connection, String path, Change change) {
        return connection
                .exists(path, null)
                .thenApply(stat -> EntryVersion.of(stat.getCzxid(), stat.getVersion()))
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture("")
                        : CompletableFuture.failedFuture(Failures.ofRead(failure, change.toString())));
    }

    // ---- the fence ----

    /** One operation that is carried out only if the candidate is there and has never been touched (SAFETY Z3). */
    private CompletableFuture<List<OpResult>> checked(Connection connection, Op write) {
        return connection
                .multi(List.of(Op.check(paths.candidate(name), 0), write))
                .thenCompose(results -> {
                    Code fence = Connection.code(results.get(0));
                    if (Connection.failed(results) != 0) {
                        return CompletableFuture.completedFuture(results);
                    }
                    return CompletableFuture.failedFuture(
                            fence == Code.NONODE || fence == Code.BADVERSION
                                    ? new LeadershipLostException("the candidate " + name + " is gone", token, 0)
                                    : KeeperException.create(fence, paths.candidate(name)));
                });
    }

    private <T> CompletableFuture<T> fenced(String act, Function<Connection, CompletableFuture<T>> request) {
        if (session.isOver()) {
            return CompletableFuture.failedFuture(new LeadershipLostException(act + ": the session is over", token, 0));
        }
        if (!session.isUsable()) {
            return CompletableFuture.failedFuture(Failures.notSent(act, Reason.CONNECTION_SUSPENDED));
        }
        return request.apply(session.connection())
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(Failures.ofWrite(failure, act, token)));
    }
}
