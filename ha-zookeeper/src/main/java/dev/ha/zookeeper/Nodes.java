package dev.ha.zookeeper;

import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;

/** Makes the nodes that others live below, and a session's own one. */
final class Nodes {
    private final Connection connection;
    private final Paths paths;

    Nodes(Connection connection, Paths paths) {
        this.connection = connection;
        this.paths = paths;
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

    /** Writes the session's own node; makes it at first, and whenever somebody has removed it. */
    CompletableFuture<Void> writeMember(String path, byte[] data) {
        return connection
                .renew(path, data)
                .<Void>thenApply(stat -> null)
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? enrol(path, data)
                        : CompletableFuture.failedFuture(failure));
    }

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
}
