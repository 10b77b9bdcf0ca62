package dev.ha;

import org.jspecify.annotations.Nullable;

/**
 * A contender or listener threw, or still ran when its time to stop was over. Told to that contender or listener alone
 * (rule 3.5).
 */
public final class ContenderException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;

    /** {@code cause} is what it threw; null when it overran. */
    public ContenderException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
