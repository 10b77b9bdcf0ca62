package dev.ha.store;

import dev.ha.Leadership;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * The stores of one election: read by all, written under a {@link Leadership} of that election, which the backend itself
 * compares at every write (rule 1.5). Implemented by the library only; may gain methods.
 */
public interface HighAvailabilityStores {
    /** Name of the election whose leadership writes need. */
    String election();

    /**
     * Small versioned entries; the same object each time. Names that begin with {@code .ha/} are those of the other
     * stores: read here, but written by them only ({@link IllegalArgumentException}).
     */
    EntryStore entries();

    /**
     * Values of a type of your own.
     *
     * @param <T> type of the values
     * @param name of the store, 1 to 90 characters; stores of one name hold the same values
     * @param codec bytes of a value, and back
     */
    <T> StateHandleStore<T> states(String name, Codec<T> codec);

    /** Graphs of jobs; the same object each time. */
    JobGraphStore jobGraphs();

    /**
     * Checkpoints of one job.
     *
     * @param <T> type of a checkpoint's value
     * @param retained how many of the newest are kept, at least 1
     * @param codec bytes of a value, and back
     */
    <T> CheckpointStore<T> checkpoints(String jobId, int retained, Codec<T> codec);

    /** Ids of one job's checkpoints. */
    CheckpointIdCounter checkpointIds(String jobId);

    /** Results of jobs; the same object each time. */
    JobResultStore jobResults();

    /**
     * Whether a job is still to be run, as last committed. Told from {@link #jobGraphs} and {@link #jobResults}, and written nowhere else: a job whose graph is put is running,
     * one that has a result is done, whatever else is left of it.
     */
    CompletionStage<JobSchedulingStatus> schedulingStatus(String jobId);

    /** Large things of jobs; the same object each time. */
    BlobStore blobs();

    /**
     * The value of any entry by its full name, as {@link EntryStore#names} gives it, from its blob if it points to one: for
     * tools. As last committed; empty when there is none, or when its removal has begun.
     */
    CompletionStage<Optional<InputStream>> read(String entry);

    /**
     * Removes any entry by its full name, and the blob that it points to: for tools. See {@link StateHandleStore#remove}.
     *
     * @throws IllegalArgumentException for the seal, which keeps superseded leaders out
     */
    CompletionStage<Void> remove(Leadership leadership, String entry);

    /**
     * Removes all of one job but its result: graph, checkpoints, counter, blobs, in this order; of each the pointer
     * before the data. Done also when there is nothing; when it fails on the way, what is left is removed by the next
     * call.
     */
    CompletionStage<Void> globalCleanup(Leadership leadership, String jobId);

    /**
     * Removes everything these stores hold: all entries, and all blobs that they point to. Locks and tokens stay, so that
     * no superseded leader can create again what is removed (SAFETY S8). When it fails on the way, what is left is
     * removed by the next call.
     */
    CompletionStage<Void> deleteAll(Leadership leadership);

    /**
     * Removes blobs that no entry points to, as a leader leaves them that dies while it writes: only of this backend's
     * history, of former leaderships, and older than {@code grace}. Fails with {@link dev.ha.CorruptDataException}, and
     * removes nothing, while there is an entry that can't be read, as it may point to any of them.
     *
     * @return the names of the files that were removed
     */
    CompletionStage<List<String>> removeOrphans(Leadership leadership, Duration grace);
}
