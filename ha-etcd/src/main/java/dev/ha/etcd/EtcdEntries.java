package dev.ha.etcd;

import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.EntryText;
import dev.ha.spi.MetadataStore;
import dev.ha.spi.SafeName;
import dev.ha.store.Entry;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** Linearizable reads of entries: the latest committed (SAFETY S2). */
final class EtcdEntries implements MetadataStore {
    private final ElectionKeys keys;
    private final Session session;

    EtcdEntries(ElectionKeys keys, Session session) {
        this.keys = keys;
        this.session = session;
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String name) {
        return read(RangeRequest.newBuilder().setKey(keys.entry(name)).build())
                .thenApply(answer -> answer.getKvsList().stream().findFirst().map(found -> entry(name, found)));
    }

    private static Entry entry(String name, KeyValue found) {
        return EntryText.read(name, found.getValue().toByteArray(), Long.toString(found.getModRevision()));
    }

    @Override
    public CompletionStage<Set<String>> names(String prefix) {
        RangeRequest all =
                Requests.all(keys.entries()).toBuilder().setKeysOnly(true).build();
        return read(all).thenApply(answer -> answer.getKvsList().stream()
                .map(found -> SafeName.decode(
                        found.getKey().toStringUtf8().substring(keys.entries().length())))
                .filter(name -> name.startsWith(prefix))
                .collect(Collectors.toUnmodifiableSet()));
    }

    private CompletableFuture<RangeResponse> read(RangeRequest request) {
        String act = "reading the entries of " + keys.name();
        return session.loop().submit(() -> session.whenUp(act)
                .thenCompose(up -> session.connection().range(request))
                .exceptionallyCompose(failure -> {
                    if (Failures.isUnknown(failure)) {
                        session.suspect();
                    }
                    return CompletableFuture.failedFuture(Failures.ofRead(failure, act));
                }));
    }
}
