package dev.ha.alert;

import java.time.Duration;
import java.util.Optional;

/** An alert could not be delivered now, and should be tried again. Thrown by an {@link AlertSink}. */
public final class TryAgainException extends Exception {
    private static final long serialVersionUID = 1L;
    private final Duration after;

    /** Tried again when {@link DeliveryPolicy} says. */
    public TryAgainException(String message) {
        this(message, Duration.ZERO);
    }

    /** Not tried again before {@code after} has passed. */
    public TryAgainException(String message, Duration after) {
        super(message);
        this.after = after;
    }

    /** How long the receiver asked to be left alone, if it did. */
    public Optional<Duration> after() {
        return after.isZero() ? Optional.empty() : Optional.of(after);
    }
}
