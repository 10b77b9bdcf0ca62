package dev.ha.core.store;

import dev.ha.Leadership;
import dev.ha.core.store.StateEntries.Condition;
import dev.ha.core.store.StateEntries.Valued;
import dev.ha.store.BlobStore;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** Blobs of jobs: states whose values are streams. */
final class JobBlobs implements BlobStore {
    static final String STORE = "blobs";

    private final StoreEnvironment environment;
    private final StateEntries states;
    private final Blobs blobs;

    JobBlobs(StoreEnvironment environment, StateEntries states, Blobs blobs) {
        this.environment = environment;
        this.states = states;
        this.blobs = blobs;
    }

    static String prefixOf(String jobId) {
        return StateNames.prefix(STORE, StateNames.part("a job id", jobId));
    }

    private String entryOf(String jobId, String key) {
        blobs.require("blobs are files in it");
        return prefixOf(jobId) + StateNames.part("the key of a blob", key);
    }

    @Override
    public CompletionStage<Void> put(Leadership leadership, String jobId, String key, InputStream data) {
        environment.check(leadership);
        String entry = entryOf(jobId, key);
        return environment.user(
                states.write(leadership, entry, states.of(data), Condition.ANY).thenApply(written -> null));
    }

    @Override
    public CompletionStage<Optional<InputStream>> get(String jobId, String key) {
        return environment.user(
                states.get(entryOf(jobId, key), states::stream).thenApply(found -> found.map(Valued::value)));
    }

    @Override
    public CompletionStage<Set<String>> keys(String jobId) {
        return environment.user(states.names(prefixOf(jobId)).thenApply(StateNames::lastOf));
    }

    @Override
    public CompletionStage<Void> delete(Leadership leadership, String jobId, String key) {
        environment.check(leadership);
        return environment.user(states.remove(leadership, entryOf(jobId, key)));
    }

    @Override
    public CompletionStage<Void> deleteAll(Leadership leadership, String jobId) {
        environment.check(leadership);
        return environment.user(states.removeAll(leadership, prefixOf(jobId)));
    }
}
