package dev.ha.core.store;

import dev.ha.Leadership;
import dev.ha.store.BlobStore;
import dev.ha.store.CheckpointIdCounter;
import dev.ha.store.CheckpointStore;
import dev.ha.store.Codec;
import dev.ha.store.EntryStore;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobGraphStore;
import dev.ha.store.JobResultStore;
import dev.ha.store.JobSchedulingStatus;
import dev.ha.store.StateHandleStore;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** The stores of one election. */
public final class ElectionStores implements HighAvailabilityStores {
    private final String election;
    private final StoreEnvironment environment;
    private final StateEntries states;
    private final EntryStore entries;
    private final JobGraphs jobGraphs;
    private final JobResults jobResults;
    private final JobBlobs jobBlobs;
    private final Cleanup cleanup;

    /** {@code storage} is where blobs are kept, if anywhere. */
    public ElectionStores(String election, StoreEnvironment environment, String clusterId, Optional<Path> storage) {
        this.election = election;
        this.environment = environment;
        Seal seal = new Seal(environment.entries());
        Blobs blobs =
                new Blobs(environment, storage.map(directory -> new BlobDirectory(directory, clusterId, election)));
        this.states = new StateEntries(environment.entries(), seal, blobs);
        this.entries = new UserEntries(environment.entries());
        this.jobGraphs = new JobGraphs(environment, states);
        this.jobResults = new JobResults(environment, states);
        this.jobBlobs = new JobBlobs(environment, states, blobs);
        this.cleanup = new Cleanup(environment, states, blobs);
    }

    @Override
    public String election() {
        return election;
    }

    @Override
    public EntryStore entries() {
        return entries;
    }

    @Override
    public <T> StateHandleStore<T> states(String name, Codec<T> codec) {
        String prefix = StateNames.prefix("states", StateNames.part("the name of a store", name));
        return new States<>(environment, states, prefix, "the name of a state", codec);
    }

    @Override
    public JobGraphStore jobGraphs() {
        return jobGraphs;
    }

    @Override
    public <T> CheckpointStore<T> checkpoints(String jobId, int retained, Codec<T> codec) {
        return new Checkpoints<>(environment, states, jobId, retained, codec);
    }

    @Override
    public CheckpointIdCounter checkpointIds(String jobId) {
        return new IdCounter(environment, states, jobId);
    }

    @Override
    public JobResultStore jobResults() {
        return jobResults;
    }

    /** The graph first: it goes after the result has come, so who finds neither has not met a job that ends just now. */
    @Override
    public CompletionStage<JobSchedulingStatus> schedulingStatus(String jobId) {
        return environment.user(jobGraphs.isThere(jobId).thenCompose(hasGraph -> jobResults
                .isThere(jobId)
                .thenApply(hasResult -> hasResult
                        ? JobSchedulingStatus.DONE
                        : hasGraph ? JobSchedulingStatus.RUNNING : JobSchedulingStatus.PENDING)));
    }

    @Override
    public BlobStore blobs() {
        return jobBlobs;
    }

    @Override
    public CompletionStage<Optional<InputStream>> read(String entry) {
        if (entry.startsWith(StateNames.RESERVED)) {
            return environment.user(
                    states.get(entry, states::stream).thenApply(found -> found.map(StateEntries.Valued::value)));
        }
        return entries.get(entry).thenApply(found -> found.map(each -> new ByteArrayInputStream(each.value())));
    }

    @Override
    public CompletionStage<Void> remove(Leadership leadership, String entry) {
        environment.check(leadership);
        if (entry.equals(StateNames.SEAL)) {
            throw new IllegalArgumentException(entry + " keeps superseded leaders out and can't be removed");
        }
        return environment.user(states.remove(leadership, entry));
    }

    @Override
    public CompletionStage<Void> globalCleanup(Leadership leadership, String jobId) {
        environment.check(leadership);
        return environment.user(cleanup.job(leadership, jobId));
    }

    @Override
    public CompletionStage<Void> deleteAll(Leadership leadership) {
        environment.check(leadership);
        return environment.user(cleanup.everything(leadership));
    }

    @Override
    public CompletionStage<List<String>> removeOrphans(Leadership leadership, Duration grace) {
        environment.check(leadership);
        return environment.user(cleanup.orphans(leadership, grace));
    }
}
