package dev.ha.store;

import dev.ha.Leadership;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Results of jobs, which outlive them, so that no job is run again by a leader that finds it unfinished or half cleaned
 * up. A result is created <em>dirty</em> when the job is over, and marked <em>clean</em> when all else of the job is
 * removed ({@link HighAvailabilityStores#globalCleanup}). Threads, failures and names as in {@link StateHandleStore}.
 * Implemented by the library only; may gain methods.
 *
 * <p>A leader that recovers asks first which results there are ({@link #dirtyResults}, {@link #hasResult}): a job that has one must not
 * run; a dirty one is cleaned up.
 */
public interface JobResultStore {
    /**
     * Creates the dirty result of a job. {@link dev.ha.ConflictException} if the job has a result, dirty or clean: of all
     * who finish a job, under whatever leadership, one succeeds.
     */
    CompletionStage<Void> createDirty(Leadership leadership, JobResult result);

    /** Marks a result clean, also one that is; {@link dev.ha.ConflictException} if the job has none. */
    CompletionStage<Void> markClean(Leadership leadership, String jobId);

    /** Removes the clean result of a job, so that its id may be used again; done also when it has none; {@link dev.ha.ConflictException} if it is dirty. */
    CompletionStage<Void> remove(Leadership leadership, String jobId);

    /** The result of a job, dirty or clean, as last committed. */
    CompletionStage<Optional<JobResult>> get(String jobId);

    /** Whether the job has a result, dirty or clean, as last committed. */
    CompletionStage<Boolean> hasResult(String jobId);

    /** Whether the job has a dirty result, as last committed. */
    CompletionStage<Boolean> hasDirtyResult(String jobId);

    /** Whether the job has a clean result, as last committed. */
    CompletionStage<Boolean> hasCleanResult(String jobId);

    /**
     * All dirty results, for a leader to act on; see {@link StateHandleStore#get(Leadership, String)}. Fails with
     * {@link dev.ha.CorruptDataException} when a result can't be read: its job might be run again.
     */
    CompletionStage<Set<JobResult>> dirtyResults(Leadership leadership);

    /** The ids of all jobs that have a result, dirty or clean, as last committed. */
    CompletionStage<Set<String>> ids();
}
