package dev.ha;

import org.jspecify.annotations.Nullable;

/** The backend can't be reached or refuses us; the request was certainly NOT applied; try again. */
public final class UnavailableException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;
    private final Reason reason;

    /** {@code reason} is one of CONNECTION_SUSPENDED, CONNECTION_LOST and ACCESS_DENIED. */
    public UnavailableException(String message, Reason reason, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** CONNECTION_SUSPENDED, CONNECTION_LOST or ACCESS_DENIED. */
    public Reason reason() {
        return reason;
    }
}
