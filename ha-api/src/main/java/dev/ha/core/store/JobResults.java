package dev.ha.core.store;

import dev.ha.ConflictException;
import dev.ha.Leadership;
import dev.ha.core.store.StateEntries.Condition;
import dev.ha.store.Codec;
import dev.ha.store.JobResult;
import dev.ha.store.JobResultStore;
import dev.ha.store.JobStatus;
import dev.ha.store.StateHandle;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Results of jobs: states by job id. */
final class JobResults implements JobResultStore {
    static final String STORE = "job-results";

    private final StoreEnvironment environment;
    private final StateEntries states;
    private final States<Marked> results;

    /** A result and its mark. */
    private record Marked(boolean dirty, JobStatus status, String detail) {
        JobResult resultOf(String jobId) {
            return new JobResult(jobId, status, detail);
        }
    }

    /** A line {@code dirty FINISHED} or {@code clean FINISHED}, then the detail. */
    private static final class MarkedCodec implements Codec<Marked> {
        private static final String DIRTY = "dirty ";
        private static final String CLEAN = "clean ";

        @Override
        public byte[] encode(Marked value) {
            return Codec.text().encode((value.dirty ? DIRTY : CLEAN) + value.status + '\n' + value.detail);
        }

        @Override
        public Marked decode(byte[] bytes) throws Exception {
            String text = Codec.text().decode(bytes);
            int end = text.indexOf('\n');
            if (end < 0 || !(text.startsWith(DIRTY) || text.startsWith(CLEAN))) {
                throw new IllegalArgumentException("no job result");
            }
            return new Marked(
                    text.startsWith(DIRTY),
                    JobStatus.valueOf(text.substring(DIRTY.length(), end)),
                    text.substring(end + 1));
        }
    }

    JobResults(StoreEnvironment environment, StateEntries states) {
        this.environment = environment;
        this.states = states;
        this.results = new States<>(environment, states, StateNames.prefix(STORE), "a job id", new MarkedCodec());
    }

    @Override
    public CompletionStage<Void> createDirty(Leadership leadership, JobResult result) {
        Marked dirty = new Marked(true, result.status(), result.detail());
        return environment.user(results.write(leadership, result.jobId(), dirty, Condition.ABSENT)
                .thenApply(created -> null));
    }

    @Override
    public CompletionStage<Void> markClean(Leadership leadership, String jobId) {
        environment.check(leadership);
        return environment.user(
                states.underLeadership(leadership, () -> find(jobId)).thenCompose(found -> {
                    if (found.isEmpty()) {
                        throw new ConflictException("job " + jobId + " has no result that could be marked clean");
                    }
                    Marked present = found.get().value();
                    Marked clean = new Marked(false, present.status, present.detail);
                    return present.dirty
                            ? results.write(
                                            leadership,
                                            jobId,
                                            clean,
                                            Condition.version(
                                                    found.get().entry().version()))
                                    .thenApply(marked -> null)
                            : Futures.done();
                }));
    }

    @Override
    public CompletionStage<Void> remove(Leadership leadership, String jobId) {
        environment.check(leadership);
        return environment.user(
                states.underLeadership(leadership, () -> find(jobId)).thenCompose(found -> {
                    if (found.filter(state -> state.value().dirty).isPresent()) {
                        throw new ConflictException("the result of job " + jobId + " is dirty: clean the job up first");
                    }
                    // Only that one: the next result of this job may be created meanwhile.
                    Predicate<State> same = present -> found.filter(
                                    clean -> present.hasVersion(clean.entry().version()))
                            .isPresent();
                    return states.remove(
                            leadership, results.entryOf(jobId), present -> !present.isLive() || same.test(present));
                }));
    }

    @Override
    public CompletionStage<Optional<JobResult>> get(String jobId) {
        return environment.user(
                find(jobId).thenApply(found -> found.map(state -> state.value().resultOf(jobId))));
    }

    @Override
    public CompletionStage<Boolean> hasResult(String jobId) {
        return has(jobId, result -> true);
    }

    @Override
    public CompletionStage<Boolean> hasDirtyResult(String jobId) {
        return has(jobId, Marked::dirty);
    }

    @Override
    public CompletionStage<Boolean> hasCleanResult(String jobId) {
        return has(jobId, result -> !result.dirty);
    }

    /** Whether there is one, also if it can't be read. */
    CompletableFuture<Boolean> isThere(String jobId) {
        return results.isThere(jobId);
    }

    private CompletionStage<Boolean> has(String jobId, Predicate<Marked> kind) {
        return environment.user(find(jobId)
                .thenApply(found -> found.map(StateHandle::value).filter(kind).isPresent()));
    }

    private CompletableFuture<Optional<StateHandle<Marked>>> find(String jobId) {
        return results.read(results.entryOf(jobId));
    }

    @Override
    public CompletionStage<Set<JobResult>> dirtyResults(Leadership leadership) {
        environment.check(leadership);
        return environment.user(
                results.recoverAll(leadership).thenApply(recovered -> States.allOf(recovered).values().stream()
                        .filter(state -> state.value().dirty)
                        .map(state -> state.value().resultOf(state.name()))
                        .collect(Collectors.toUnmodifiableSet())));
    }

    @Override
    public CompletionStage<Set<String>> ids() {
        return results.names();
    }
}
