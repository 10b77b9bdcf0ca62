package dev.ha.spi;

import dev.ha.store.Entry;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Reads of one election's entries, always the latest committed. Implemented by backends (2 methods). Writes are
 * {@link LeaderElectionDriver#write}.
 */
public interface MetadataStore {
    /** One entry; empty when there is none. */
    CompletionStage<Optional<Entry>> get(String name);

    /** All names that begin with {@code prefix}. */
    CompletionStage<Set<String>> names(String prefix);
}
