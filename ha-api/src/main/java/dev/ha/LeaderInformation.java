package dev.ha;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** What a follower knows about one component of an election. Immutable. */
public sealed interface LeaderInformation {
    /** Why it is so, as far as the backend can tell; alerts must not depend on it. */
    Reason reason();

    /** The leader, if this is one: not the last known of {@link Unknown}. */
    default Optional<Leader> leader() {
        return this instanceof Leader leader ? Optional.of(leader) : Optional.empty();
    }

    /**
     * A confirmed leader.
     *
     * @param sessionId of its grant
     * @param fencingToken of its grant; never smaller than one told before, unless the reason is
     *     {@link Reason#HISTORY_RESET} (rule 5.5)
     * @param address what it confirmed
     * @param historyId the history of the backend's data in which the token counts
     * @param reason why it is told
     */
    record Leader(UUID sessionId, long fencingToken, String address, String historyId, Reason reason)
            implements LeaderInformation {
        /** True when {@code other} is the same publication, whatever the reason it is told for. */
        public boolean sameAs(Leader other) {
            return sessionId.equals(other.sessionId)
                    && fencingToken == other.fencingToken
                    && address.equals(other.address)
                    && historyId.equals(other.historyId);
        }
    }

    /**
     * Certainly nobody leads and has confirmed an address.
     *
     * @param reason why
     */
    record None(Reason reason) implements LeaderInformation {}

    /**
     * The backend can't be asked.
     *
     * @param since wall-clock time of the first sign
     * @param last who led when it was last heard, and may lead still: a connection to it may be kept
     * @param reason why
     */
    record Unknown(Instant since, Optional<Leader> last, Reason reason) implements LeaderInformation {}
}
