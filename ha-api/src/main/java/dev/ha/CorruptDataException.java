package dev.ha;

import org.jspecify.annotations.Nullable;

/** Stored data fails its checksum or format; nothing was changed. */
public final class CorruptDataException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;

    /** {@code message} names what was read and what is wrong with it. */
    public CorruptDataException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
