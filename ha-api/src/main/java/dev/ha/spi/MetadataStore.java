package dev.ha.spi;

import dev.ha.store.Entry;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Reads of one election's entries, always the latest committed. Implemented by backends (2 methods). Writes are
 * {@link LeaderElectionDriver#write}. Called from the I/O pool, by several threads at once; may block. Fails with
 * {@link dev.ha.UnavailableException} or {@link dev.ha.CorruptDataException}; anything else is taken for the first.
 */
public interface MetadataStore {
    /** One entry; empty when there is none. */
    CompletionStage<Optional<Entry>> get(String name);

    /** All names that begin with {@code prefix}. */
    CompletionStage<Set<String>> names(String prefix);
}
