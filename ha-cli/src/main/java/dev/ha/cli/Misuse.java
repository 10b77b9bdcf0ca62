package dev.ha.cli;

import org.jspecify.annotations.Nullable;

/** What the user said can't be done, for a reason that the message explains: exit code 2, no stack trace. */
final class Misuse extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Misuse(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
