package dev.ha.spi;

import java.util.concurrent.CompletionStage;

/**
 * The watch of one election. Implemented by backends (2 methods). Methods are called one after the other, from the I/O
 * pool, and may block; reads may overlap.
 */
public interface LeaderRetrievalDriver {
    /**
     * The latest committed state, read from the authority itself, never from a cache or a replica that may lag (rule
     * 5.5). Fails with {@link dev.ha.UnavailableException}; anything else is taken for it.
     */
    CompletionStage<ElectionState> read();

    /** Ends the watch; no report when it is done. Called once; a failure is logged. */
    CompletionStage<Void> close();
}
