package dev.ha.store;

import dev.ha.Leadership;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;

/**
 * The newest completed checkpoints of one job; newest by id. Threads and failures as in {@link StateHandleStore}.
 * Implemented by the library only; may gain methods.
 *
 * @param <T> type of a checkpoint's value
 */
public interface CheckpointStore<T> {
    /** The job. */
    String jobId();

    /**
     * All checkpoints, oldest first, for a leader to act on; see {@link StateHandleStore#get(Leadership, String)}. Fails
     * with {@link dev.ha.CorruptDataException} when one can't be read: an older one taken for the latest loses data.
     */
    CompletionStage<List<Checkpoint<T>>> recover(Leadership leadership);

    /** The latest one, as last committed; {@link dev.ha.CorruptDataException} when it can't be read. */
    CompletionStage<Optional<Checkpoint<T>>> latest();

    /** The id of the latest one, as last committed. */
    CompletionStage<OptionalLong> latestId();

    /**
     * Adds a checkpoint, and only then drops those that are not among the newest; {@link dev.ha.ConflictException} if
     * the id is there. One that could not be dropped is logged and dropped after the next addition; the addition
     * succeeds. A failed addition drops nothing.
     *
     * @throws IllegalStateException at once, after {@link #shutdown}
     */
    CompletionStage<Void> add(Leadership leadership, long id, T value);

    /**
     * The job ends here: this object takes no more additions. When the job is over for good
     * ({@link JobStatus#isGloballyTerminal}) all its checkpoints are removed; otherwise nothing is written, and
     * {@code leadership} may be over. Repeatable.
     */
    CompletionStage<Void> shutdown(Leadership leadership, JobStatus status);
}
