package dev.ha.core.store;

import dev.ha.Leadership;
import dev.ha.core.store.StateEntries.Condition;
import dev.ha.store.Checkpoint;
import dev.ha.store.CheckpointStore;
import dev.ha.store.Codec;
import dev.ha.store.JobStatus;
import dev.ha.store.StateHandle;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checkpoints of one job: states whose names are their ids. */
final class Checkpoints<T> implements CheckpointStore<T> {
    static final String STORE = "checkpoints";
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

    private final StoreEnvironment environment;
    private final StateEntries states;
    private final String jobId;
    private final int retained;
    private final String prefix;
    private final States<T> checkpoints;
    private volatile boolean shutDown;

    Checkpoints(StoreEnvironment environment, StateEntries states, String jobId, int retained, Codec<T> codec) {
        if (retained < 1) {
            throw new IllegalArgumentException("at least 1 checkpoint must be retained, not " + retained);
        }
        this.environment = environment;
        this.states = states;
        this.jobId = jobId;
        this.retained = retained;
        this.prefix = prefixOf(jobId);
        this.checkpoints = new States<>(environment, states, prefix, "a checkpoint id", codec);
    }

    static String prefixOf(String jobId) {
        return StateNames.prefix(STORE, StateNames.part("a job id", jobId));
    }

    @Override
    public String jobId() {
        return jobId;
    }

    @Override
    public CompletionStage<List<Checkpoint<T>>> recover(Leadership leadership) {
        environment.check(leadership);
        return environment.user(
                checkpoints.recoverAll(leadership).thenApply(recovered -> States.allOf(recovered).values().stream()
                        .map(Checkpoints::checkpoint)
                        .sorted(Comparator.comparingLong(Checkpoint::id))
                        .toList()));
    }

    @Override
    public CompletionStage<Optional<Checkpoint<T>>> latest() {
        return environment.user(newestFirst().thenCompose(this::firstOf));
    }

    @Override
    public CompletionStage<OptionalLong> latestId() {
        return environment.user(newestFirst().thenCompose(this::firstIdOf));
    }

    private CompletableFuture<OptionalLong> firstIdOf(List<String> entries) {
        if (entries.isEmpty()) {
            return CompletableFuture.completedFuture(OptionalLong.empty());
        }
        String newest = entries.get(0);
        return states.find(newest)
                .thenCompose(found -> found.filter(State::isLive).isPresent()
                        ? CompletableFuture.completedFuture(OptionalLong.of(Long.parseLong(StateNames.last(newest))))
                        : firstIdOf(entries.subList(1, entries.size())));
    }

    /** The first that is still there; one that can't be read is not passed over. */
    private CompletableFuture<Optional<Checkpoint<T>>> firstOf(List<String> entries) {
        if (entries.isEmpty()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        return checkpoints
                .read(entries.get(0))
                .thenCompose(found -> found.isPresent()
                        ? CompletableFuture.completedFuture(found.map(Checkpoints::checkpoint))
                        : firstOf(entries.subList(1, entries.size())));
    }

    private static <T> Checkpoint<T> checkpoint(StateHandle<T> state) {
        return new Checkpoint<>(Long.parseLong(state.name()), state.value());
    }

    /** Names of entries; of equal length, so that their order is that of the ids. */
    private CompletableFuture<List<String>> newestFirst() {
        return states.names(prefix)
                .thenApply(names ->
                        names.stream().sorted(Comparator.reverseOrder()).toList());
    }

    @Override
    public CompletionStage<Void> add(Leadership leadership, long id, T value) {
        if (id < 0) {
            throw new IllegalArgumentException("a checkpoint id must not be negative, as " + id + " is");
        }
        if (shutDown) {
            throw new IllegalStateException("the checkpoint store of job " + jobId + " is shut down");
        }
        return environment.user(checkpoints
                .write(leadership, String.format(Locale.ROOT, "%019d", id), value, Condition.ABSENT)
                .thenCompose(added -> dropOld(leadership)));
    }

    /** Never fails: what is added is added, and what stays is dropped another time. */
    private CompletableFuture<Void> dropOld(Leadership leadership) {
        return newestFirst()
                .thenCompose(names -> {
                    Set<String> old = Set.copyOf(names.subList(Math.min(retained, names.size()), names.size()));
                    return Futures.forEach(old, name -> states.remove(leadership, name));
                })
                .<Void>thenApply(dropped -> null)
                .exceptionally(failure -> {
                    LOG.warn(
                            "Old checkpoints of job {} could not be dropped: {}",
                            jobId,
                            Futures.unwrap(failure).toString());
                    return null;
                });
    }

    @Override
    public CompletionStage<Void> shutdown(Leadership leadership, JobStatus status) {
        shutDown = true;
        if (!status.isGloballyTerminal()) {
            return environment.user(Futures.done());
        }
        environment.check(leadership);
        return environment.user(states.removeAll(leadership, prefix));
    }
}
