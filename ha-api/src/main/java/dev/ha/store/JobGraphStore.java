package dev.ha.store;

import dev.ha.Leadership;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Graphs (plans, definitions) of jobs by job id, for a dispatcher: it puts what it has accepted, and recovers all of it
 * when it is granted. Bytes in, bytes out. Threads, failures and names as in {@link StateHandleStore}. Implemented by
 * the library only; may gain methods.
 *
 * <p>A graph is not locked by the process that runs its job, so there is no local clean-up: the lock of the election is
 * that lock.
 */
public interface JobGraphStore {
    /** All job ids, as last committed; among them may be some whose removal has begun and can be repeated. */
    CompletionStage<Set<String>> ids();

    /** One graph, as last committed. */
    CompletionStage<Optional<byte[]>> get(String jobId);

    /** One graph, for a leader to act on; see {@link StateHandleStore#get(Leadership, String)}. */
    CompletionStage<Optional<byte[]>> recover(Leadership leadership, String jobId);

    /** All graphs, for a leader to act on; one that can't be read is told and does not stop the others. */
    CompletionStage<RecoveredStates<byte[]>> recoverAll(Leadership leadership);

    /** Adds or replaces a graph, also one that can't be read. */
    CompletionStage<Void> put(Leadership leadership, String jobId, byte[] graph);

    /** Removes a graph; see {@link StateHandleStore#remove}. To remove all of a job: {@link HighAvailabilityStores#globalCleanup}. */
    CompletionStage<Void> remove(Leadership leadership, String jobId);

    /**
     * Tells {@code listener} of graphs that others have added or removed, first of all that are there. Asks the backend
     * every {@code interval}, so what comes and goes in between is not told. Changes made through this object are not
     * told, but for those that are seen while they are made. For processes that follow: nobody but the leader writes.
     *
     * @param interval at least 1 ms
     * @return ends it when closed; no call starts after that
     */
    Watching watch(Duration interval, JobGraphListener listener);

    /** Goes on until closed. */
    interface Watching extends AutoCloseable {
        @Override
        void close();
    }
}
