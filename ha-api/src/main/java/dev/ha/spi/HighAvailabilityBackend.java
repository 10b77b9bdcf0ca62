package dev.ha.spi;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One connection. Implemented by backends (4 methods). Connects at the first use, and by itself again after any
 * trouble, for ever (rules 2.4, 2.6, 7.1). Called from the I/O pool ({@code capability} on any thread), by several
 * threads at once, never under a lock.
 */
public interface HighAvailabilityBackend {
    /**
     * Starts one candidacy: queue for the lock, lead at most once, end, never be used again. Returns without waiting
     * for the backend; reports may come before it has returned. What it throws ends the candidacy. At most one
     * candidacy per election is open: the next one starts when {@link LeaderElectionDriver#close} of the former is
     * done, or all leases it had joined have run out in the backend.
     */
    LeaderElectionDriver elect(Candidacy candidacy);

    /**
     * Starts watching the lock and records of one election. Returns without waiting for the backend; what it throws is
     * told to the followers as trouble, and it is called again later. At most one watch per election is open.
     */
    LeaderRetrievalDriver retrieve(Following following);

    /**
     * The small entries of one election; reading needs no leadership. Called before each read, so cheap; does no I/O.
     */
    MetadataStore metadataStore(String election);

    /**
     * Disconnects and ends every thread and watch; nothing is reported when it is done. Called last, when all drivers
     * are closed or have been given up, also if nothing was ever started. The engine waits for 5 s at most.
     *
     * <p>A driver that was not closed leads for a contender that may still work: where locks have a lease, its lock must
     * be left to run out and not be released (rule 3.7).
     */
    CompletionStage<Void> close();

    /** An optional ability, by its interface, such as {@link Diagnosable}; override only to delegate. */
    default <T> Optional<T> capability(Class<T> ability) {
        return ability.isInstance(this) ? Optional.of(ability.cast(this)) : Optional.empty();
    }
}
