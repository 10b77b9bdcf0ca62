package dev.ha;

import java.util.concurrent.CompletionStage;

/** A follower of one component of one election; contends for nothing. Thread-safe. Implemented by the library only; may gain methods. */
public interface LeaderRetrievalService extends AutoCloseable {
    /**
     * Tells {@code listener} the present state, always, also when it is none, and then every change (rule 5.1). Returns at once.
     *
     * @throws IllegalStateException on a second start or after close
     */
    void start(LeaderRetrievalListener listener);

    /** What was last heard; no I/O; {@link LeaderInformation.Unknown} before the first answer, before start and after close. */
    LeaderInformation current();

    /** The present leader, or the next one. Needs {@link #start}. Fails with {@link IllegalStateException} when closed first. */
    CompletionStage<LeaderInformation.Leader> leader();

    /**
     * Asks the backend itself for its latest committed state. Legal without start. Fails with {@link UnavailableException}, or with
     * {@link IllegalStateException} when closed first.
     */
    CompletionStage<LeaderInformation> read();

    /** Stops; no call to the listener starts afterwards (rule 5.3); open stages fail. Idempotent; waits for a call in progress unless made by it. */
    @Override
    void close();
}
