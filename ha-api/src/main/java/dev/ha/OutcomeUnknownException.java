package dev.ha;

import org.jspecify.annotations.Nullable;

/**
 * The request may or may not have been applied. Drivers report it, the engine reads back; users see it only if that
 * could not settle it.
 */
public final class OutcomeUnknownException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;

    /** {@code cause} is what the client saw. */
    public OutcomeUnknownException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
