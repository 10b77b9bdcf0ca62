package dev.ha.store;

import dev.ha.Leadership;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Large things of jobs (artifacts, libraries) by job id and key, in files below {@code high-availability.storageDir},
 * each committed by an entry. Streams: nothing has to fit into memory. Threads, failures and names as in
 * {@link StateHandleStore}. Implemented by the library only; may gain methods.
 *
 * <p>All processes must see the same storage directory. Every method but {@link #keys} fails with {@link dev.ha.ConfigurationException} where none is
 * configured.
 */
public interface BlobStore {
    /**
     * Stores all that {@code data} gives, or replaces what is there. Done = it outlives a crash, and everybody reads it.
     *
     * @param data read on a thread of the library until its end, and not closed; must not be used before the stage is
     *     done
     */
    CompletionStage<Void> put(Leadership leadership, String jobId, String key, InputStream data);

    /**
     * What is stored, as last committed; empty when there is nothing.
     *
     * @return a stream that the caller reads and closes on its own thread. It gives no byte that was not verified, and
     *     fails with an {@link java.io.IOException} when the data are damaged or cut short
     */
    CompletionStage<Optional<InputStream>> get(String jobId, String key);

    /** All keys of a job, as last committed; among them may be some whose deletion has begun and can be repeated. */
    CompletionStage<Set<String>> keys(String jobId);

    /** Deletes; done also when there was nothing. See {@link StateHandleStore#remove}. */
    CompletionStage<Void> delete(Leadership leadership, String jobId, String key);

    /** Deletes all of a job. */
    CompletionStage<Void> deleteAll(Leadership leadership, String jobId);
}
