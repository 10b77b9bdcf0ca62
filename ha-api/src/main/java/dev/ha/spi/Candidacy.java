package dev.ha.spi;

import dev.ha.Reason;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@link HighAvailabilityBackend#elect} is asked for, and where to report. Handed to backends. Reports return at
 * once, may come from any thread and even before {@code elect} has returned, and run nobody's code; those of an ended
 * candidacy are ignored. Leases must be those of the backend's own {@link BackendContext}.
 */
public interface Candidacy {
    /** Name of the election, any text; the driver encodes it one-to-one (rule 8.2). */
    String election();

    /**
     * The lock is held; at most once. A grant whose lease is over already is not given on: the engine closes the
     * driver.
     */
    void granted(Grant grant);

    /**
     * Records of this election were seen in the backend. A hint: while it leads, the engine compares and restores (rule
     * 4.4).
     */
    void recordsSeen(Map<String, LeaderRecord> records);

    /**
     * The place in the queue lives on {@code lease}: when that ends, so does this candidacy, waiting or leading, so
     * that no zombie candidate remains. Optional for locks without a session.
     */
    void joined(Lease lease);

    /**
     * It is over; once, last. Handles are invalid when this returns; then the engine revokes, closes the driver until
     * done, and starts a new candidacy with back-off. Not needed after {@link Lease#end}, nor when the engine closes
     * the driver.
     */
    void ended(Reason reason, @Nullable Throwable cause);
}
