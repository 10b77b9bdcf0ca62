package dev.ha.store;

import dev.ha.Leadership;
import java.util.concurrent.CompletionStage;

/**
 * Ids of one job's checkpoints: 1, 2, 3, ..., each given once, strictly increasing across leaders. Failures may leave
 * gaps, never repetitions. Threads and failures as in {@link StateHandleStore}. Implemented by the library only; may gain
 * methods.
 */
public interface CheckpointIdCounter {
    /** The job. */
    String jobId();

    /** The id that would be given next, as last committed. */
    CompletionStage<Long> get();

    /** The next id, given to nobody else. After a failure it may be given or not; ask again for another one. */
    CompletionStage<Long> getAndIncrement(Leadership leadership);

    /** Makes {@code next} the next id unless a larger one is due: the counter never goes back. */
    CompletionStage<Void> advanceTo(Leadership leadership, long next);

    /**
     * The job ends here. When it is over for good ({@link JobStatus#isGloballyTerminal}) the counter is removed;
     * otherwise nothing is written, and {@code leadership} may be over. Repeatable.
     */
    CompletionStage<Void> shutdown(Leadership leadership, JobStatus status);
}
