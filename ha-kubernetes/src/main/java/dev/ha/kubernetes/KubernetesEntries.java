package dev.ha.kubernetes;

import dev.ha.spi.MetadataStore;
import dev.ha.store.Entry;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Entries as a quorum knows them. */
final class KubernetesEntries implements MetadataStore {
    private final String election;
    private final Session session;

    KubernetesEntries(String election, Session session) {
        this.election = election;
        this.session = session;
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String name) {
        return read(root -> root.flatMap(found -> RootText.entry(found, name)));
    }

    @Override
    public CompletionStage<Set<String>> names(String prefix) {
        return read(root -> root.map(RootText::names).orElse(Set.of()).stream()
                .filter(name -> name.startsWith(prefix))
                .collect(Collectors.toUnmodifiableSet()));
    }

    private <T> CompletableFuture<T> read(Function<Optional<ConfigMap>, T> part) {
        return session.loop()
                .submit(() -> session.root(Names.object(session.cluster(), election)))
                .thenApply(part)
                .exceptionallyCompose(failure ->
                        CompletableFuture.failedFuture(Failures.ofRead(failure, "reading the entries of " + election)));
    }
}
