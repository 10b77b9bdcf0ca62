package dev.ha.spi;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One connection. Implemented by backends (4 methods). Connects at the first use, and by itself again after any trouble, for ever
 * (rules 2.4, 2.6, 7.1).
 */
public interface HighAvailabilityBackend {
    /**
     * Starts one candidacy: queue for the lock, lead at most once, end, never be used again. Returns without waiting for the backend; reports may
     * come before it has returned. At most one candidacy per election is open: the next one starts after {@link LeaderElectionDriver#close} of
     * the former is done.
     */
    LeaderElectionDriver elect(Candidacy candidacy);

    /** Starts watching the lock and records of one election. At most one watch per election is open. Returns without waiting for the backend. */
    LeaderRetrievalDriver retrieve(Following following);

    /** The small entries of one election; reading needs no leadership. Cheap; does no I/O. */
    MetadataStore metadataStore(String election);

    /** Disconnects and ends every thread and watch. Called last, when all drivers are closed or given up. May be called again after a failure. */
    CompletionStage<Void> close();

    /** An optional ability, by its interface, such as {@link Diagnosable}; override only to delegate. */
    default <T> Optional<T> capability(Class<T> ability) {
        return ability.isInstance(this) ? Optional.of(ability.cast(this)) : Optional.empty();
    }
}
