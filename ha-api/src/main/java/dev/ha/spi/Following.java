package dev.ha.spi;

import dev.ha.Reason;
import org.jspecify.annotations.Nullable;

/**
 * What {@link HighAvailabilityBackend#retrieve} is asked for, and where to report. Handed to backends; the same rules
 * as {@link Candidacy}.
 */
public interface Following {
    /** Name of the election. */
    String election();

    /**
     * The whole state, at first and at each change; duplicates are harmless, older ones are checked by
     * {@link LeaderRetrievalDriver#read} and cost that.
     */
    void seen(ElectionState state);

    /**
     * Can't be watched at present; ends with the next {@code seen}, which must be read after the trouble was over (rule
     * 5.6).
     */
    void unknown(Reason reason, @Nullable Throwable cause);
}
