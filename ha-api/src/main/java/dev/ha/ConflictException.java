package dev.ha;

/**
 * A conditional write met another state than expected: the entry exists already, is gone, or has another version.
 * Nothing was changed.
 */
public final class ConflictException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;

    /** {@code message} names the entry, and what was expected and found. */
    public ConflictException(String message) {
        super(message, null);
    }
}
