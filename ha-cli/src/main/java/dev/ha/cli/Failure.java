package dev.ha.cli;

import org.jspecify.annotations.Nullable;

/**
 * The end of a command that failed while running, for a reason that the message explains to a person: exit code 1, no
 * stack trace.
 */
final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String message) {
        super(message);
    }

    /** What {@code cause} says of itself, for a message; its name when it says nothing. */
    static String reason(@Nullable Throwable cause) {
        String message = cause == null ? null : cause.getMessage();
        return message == null ? String.valueOf(cause) : message;
    }
}
