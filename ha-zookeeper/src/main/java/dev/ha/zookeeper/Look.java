package dev.ha.zookeeper;

import dev.ha.spi.ElectionText;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * One look at an election, all of it at one point in time: a read of several nodes is not interrupted by writes.
 *
 * @param history its history id
 * @param election what the server says of its node
 * @param queue its candidates, the holder of the lock first
 * @param other the other node that was asked for; null if it does not exist
 */
record Look(String history, Stat election, List<CandidateName> queue, Connection.@Nullable Node other) {

    /** The election, and {@code other} with it. Empty if there is no such election. */
    static CompletableFuture<Optional<Look>> at(Connection connection, ElectionPaths paths, String other) {
        return connection
                .multi(List.of(Op.getData(paths.node()), Op.getChildren(paths.node()), Op.getData(other)))
                .thenCompose(results -> {
                    int failed = Connection.failed(results.subList(0, 2));
                    if (failed >= 0) {
                        Code code = Connection.code(results.get(failed));
                        return code == Code.NONODE
                                ? CompletableFuture.completedFuture(Optional.empty())
                                : CompletableFuture.failedFuture(KeeperException.create(code, paths.node()));
                    }
                    Code last = Connection.code(results.get(2));
                    if (last != Code.OK && last != Code.NONODE) {
                        return CompletableFuture.failedFuture(KeeperException.create(last, other));
                    }
                    OpResult.GetDataResult election = (OpResult.GetDataResult) results.get(0);
                    List<String> children = ((OpResult.GetChildrenResult) results.get(1)).getChildren();
                    Stat stat = election.getStat();
                    return order(connection, paths, children, stat.getCversion())
                            .thenApply(queue -> Optional.of(new Look(
                                    ElectionText.history(bytes(election), "zxid-" + Long.toHexString(stat.getCzxid())),
                                    stat,
                                    queue,
                                    results.get(2) instanceof OpResult.GetDataResult found
                                            ? new Connection.Node(other, found.getData(), found.getStat())
                                            : null)));
                });
    }

    private static byte[] bytes(OpResult.GetDataResult result) {
        byte[] data = result.getData();
        return data == null ? new byte[0] : data;
    }

    private static CompletableFuture<List<CandidateName>> order(
            Connection connection, ElectionPaths paths, List<String> children, int cversion) {
        List<CandidateName> bySequence = CandidateName.inOrder(children);
        boolean ordered = cversion >= 0 && cversion <= CandidateName.LAST_ORDERED;
        return ordered || bySequence.size() < 2
                ? CompletableFuture.completedFuture(bySequence)
                : byCreation(connection, paths, bySequence);
    }

    /** In the order of their czxids, which never repeats, where the counter of the parent may have come to its end (SAFETY Z6). */
    static CompletableFuture<List<CandidateName>> byCreation(
            Connection connection, ElectionPaths paths, List<CandidateName> candidates) {
        List<Op> reads = new ArrayList<>();
        candidates.forEach(candidate -> reads.add(Op.getData(paths.candidate(candidate.text()))));
        return connection.multi(reads).thenApply(results -> {
            Map<CandidateName, Long> created = new HashMap<>();
            for (int i = 0; i < results.size(); i++) {
                if (results.get(i) instanceof OpResult.GetDataResult found) {
                    created.put(candidates.get(i), found.getStat().getCzxid());
                }
            }
            return created.entrySet().stream()
                    .sorted(Comparator.comparingLong(Map.Entry::getValue))
                    .map(Map.Entry::getKey)
                    .toList();
        });
    }

    /** The same, if {@code other} was not there. */
    Look withoutOther() {
        return new Look(history, election, queue, null);
    }

    /** Name of the lock's holder; empty text if nobody holds it. */
    String holder() {
        return queue.isEmpty() ? "" : queue.get(0).text();
    }
}
