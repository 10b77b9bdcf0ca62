package dev.ha;

import org.jspecify.annotations.Nullable;

/**
 * Root of all errors of this library; unchecked; the cause is kept. Its subclasses are those of this package and no
 * others.
 */
public abstract sealed class HighAvailabilityException extends RuntimeException
        permits ConfigurationException,
                ConflictException,
                ContenderException,
                CorruptDataException,
                LeadershipLostException,
                OutcomeUnknownException,
                UnavailableException {
    private static final long serialVersionUID = 1L;

    HighAvailabilityException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
