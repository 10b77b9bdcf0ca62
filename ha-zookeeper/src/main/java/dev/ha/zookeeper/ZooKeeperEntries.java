package dev.ha.zookeeper;

import dev.ha.spi.EntryText;
import dev.ha.spi.MetadataStore;
import dev.ha.spi.SafeName;
import dev.ha.store.Entry;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.zookeeper.KeeperException.Code;

/** Reads of entries behind a committed write of the same session: the latest committed, whatever replica answers (SAFETY Z8, R1). */
final class ZooKeeperEntries implements MetadataStore {
    private final ElectionPaths paths;
    private final Sessions sessions;

    ZooKeeperEntries(ElectionPaths paths, Sessions sessions) {
        this.paths = paths;
        this.sessions = sessions;
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String name) {
        return read(
                connection -> connection
                        .getData(paths.entry(name), null)
                        .thenApply(node -> Optional.of(EntryText.read(
                                name,
                                node.data(),
                                EntryVersion.of(
                                        node.stat().getCzxid(), node.stat().getVersion())))),
                Optional.empty());
    }

    @Override
    public CompletionStage<Set<String>> names(String prefix) {
        return read(
                connection -> connection.getChildren(paths.entries()).thenApply(children -> children.stream()
                        .map(SafeName::decode)
                        .filter(name -> name.startsWith(prefix))
                        .collect(Collectors.toUnmodifiableSet())),
                Set.of());
    }

    private <T> CompletionStage<T> read(Function<Connection, CompletableFuture<T>> request, T absent) {
        String act = "reading the entries of " + paths.name();
        Session main = sessions.main();
        return main.whenUsable(act, connection -> main.commit().thenCompose(done -> request.apply(connection)))
                .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                        ? CompletableFuture.completedFuture(absent)
                        : CompletableFuture.failedFuture(Failures.ofRead(failure, act)));
    }
}
