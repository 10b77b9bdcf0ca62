package dev.ha.core.store;

import dev.ha.Leadership;
import dev.ha.core.store.StateEntries.Condition;
import dev.ha.store.Codec;
import dev.ha.store.JobGraphListener;
import dev.ha.store.JobGraphStore;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Job graphs: states by job id. */
final class JobGraphs implements JobGraphStore {
    static final String STORE = "job-graphs";
    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(1);

    private final StoreEnvironment environment;
    private final States<byte[]> graphs;
    private final Set<JobGraphWatch> watches = ConcurrentHashMap.newKeySet();

    JobGraphs(StoreEnvironment environment, StateEntries states) {
        this.environment = environment;
        this.graphs = new States<>(environment, states, StateNames.prefix(STORE), "a job id", Codec.bytes());
    }

    @Override
    public CompletionStage<Set<String>> ids() {
        return graphs.names();
    }

    @Override
    public CompletionStage<Optional<byte[]>> get(String jobId) {
        return environment.user(graphs.read(graphs.entryOf(jobId)).thenApply(found -> found.map(StateHandle::value)));
    }

    @Override
    public CompletionStage<Optional<byte[]>> recover(Leadership leadership, String jobId) {
        return graphs.get(leadership, jobId).thenApply(found -> found.map(StateHandle::value));
    }

    @Override
    public CompletionStage<RecoveredStates<byte[]>> recoverAll(Leadership leadership) {
        return graphs.getAll(leadership);
    }

    @Override
    public CompletionStage<Void> put(Leadership leadership, String jobId, byte[] graph) {
        return environment.user(graphs.write(leadership, jobId, graph, Condition.ANY)
                .thenAccept(written -> watches.forEach(watch -> watch.ownAddition(jobId))));
    }

    @Override
    public CompletionStage<Void> remove(Leadership leadership, String jobId) {
        return graphs.remove(leadership, jobId).thenRun(() -> watches.forEach(watch -> watch.ownRemoval(jobId)));
    }

    /** Whether there is one, also if it can't be read. */
    CompletableFuture<Boolean> isThere(String jobId) {
        return graphs.isThere(jobId);
    }

    @Override
    public Watching watch(Duration interval, JobGraphListener listener) {
        if (interval.compareTo(SHORTEST_INTERVAL) < 0) {
            throw new IllegalArgumentException("the interval must be at least 1 ms, not " + interval);
        }
        JobGraphWatch watch = new JobGraphWatch(environment, this::ids, interval, listener, watches::remove);
        watches.add(watch);
        watch.start();
        return watch;
    }
}
