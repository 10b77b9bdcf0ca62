package dev.ha.spi;

import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * One candidacy in the backend. Implemented by backends (3 methods). What may be done only under the lock is done here,
 * so that an unfenced write can't be expressed (rule 1.5).
 *
 * <p>Methods are called one after the other, from the I/O pool, and may block. A call need not be done when the next
 * one is made: writes may overlap with each other, with a publication and with close.
 *
 * <p>A failed stage carries exactly one of {@link dev.ha.LeadershipLostException} (fenced off; nothing changed),
 * {@link dev.ha.ConflictException} (nothing changed), {@link dev.ha.UnavailableException} (certainly not applied),
 * {@link dev.ha.CorruptDataException} (what is stored can't be read; nothing changed) and
 * {@link dev.ha.OutcomeUnknownException}; anything else is taken for the last.
 */
public interface LeaderElectionDriver {
    /**
     * Makes the election's records exactly these (component to record), atomically conditional, in the backend, on
     * still holding the lock of this candidacy (rules 4.2, 4.6). Done = a follower's authoritative read shows them. Not
     * called again before it is done. Asked for again after a failure, so repeating it must be harmless.
     */
    CompletionStage<Void> publish(Map<String, LeaderRecord> records);

    /**
     * One conditional write to the election's metadata, atomically conditional on still holding the lock of this
     * candidacy.
     *
     * <p>Done = every later read sees it, with the change's {@link Change#writeId}.
     *
     * @return the entry's new version; empty text after a deletion
     */
    CompletionStage<String> write(Change change);

    /**
     * Leaves the queue, or removes the records and releases the lock. Done = this candidacy is certainly not in the
     * backend any more, nor any request of it that could still be applied. Called again after a failure, until done or
     * until all leases of the candidacy have run out in the backend; legal at any time, also before the grant and after
     * the end.
     */
    CompletionStage<Void> close();
}
