package dev.ha.spi;

import java.util.concurrent.CompletionStage;

/** The watch of one election. Implemented by backends (2 methods). */
public interface LeaderRetrievalDriver {
    /** The latest committed state, read from the authority itself, never from a cache or a replica that may lag (rule 5.5). */
    CompletionStage<ElectionState> read();

    /** Ends the watch; no report afterwards. */
    CompletionStage<Void> close();
}
