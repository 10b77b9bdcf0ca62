package dev.ha;

import java.util.concurrent.CompletionStage;

/**
 * A follower of one component of one election; contends for nothing. Thread-safe. Implemented by the library only; may
 * gain methods.
 */
public interface LeaderRetrievalService extends AutoCloseable {
    /**
     * Tells {@code listener} the present state, always, also when it is none, and then every change (rule 5.1). Returns
     * at once.
     *
     * @throws IllegalStateException on a second start or after close
     */
    void start(LeaderRetrievalListener listener);

    /**
     * What was last heard; no I/O, no lock; {@link LeaderInformation.Unknown} before the first answer and after close.
     */
    LeaderInformation current();

    /**
     * The present leader, or the next one. Fails with {@link IllegalStateException} when not started, or closed first.
     */
    CompletionStage<LeaderInformation.Leader> leader();

    /**
     * Asks the backend itself for its latest committed state; the followers of this election hear of it too. Legal
     * without start. Fails with {@link UnavailableException}, or with {@link IllegalStateException} when closed first.
     */
    CompletionStage<LeaderInformation> read();

    /**
     * Stops; no call to the listener starts afterwards (rule 5.3); open stages fail. Idempotent. Waits for a call in
     * progress, for {@code high-availability.close-timeout} (and 1 s) at most and not inside a callback of the same
     * services.
     */
    @Override
    void close();
}
