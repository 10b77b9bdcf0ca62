package dev.ha;

import org.jspecify.annotations.Nullable;

/**
 * Bad key, value or class path. The message names the key, the value (masked if secret), what would be right, and its
 * anchor in {@code docs/errors.md} (rule 8.1).
 */
public final class ConfigurationException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;
    private final String anchor;

    /**
     * An error explained at {@code anchor} of {@code docs/errors.md}.
     *
     * @param anchor such as {@code bad-value}
     * @param message key, value and remedy; the anchor is appended
     */
    public ConfigurationException(String anchor, String message) {
        this(anchor, message, null);
    }

    /** As {@link #ConfigurationException(String, String)}, with what caused it. */
    public ConfigurationException(String anchor, String message, @Nullable Throwable cause) {
        super(message + " (docs/errors.md#" + anchor + ")", cause);
        this.anchor = anchor;
    }

    /** The anchor in {@code docs/errors.md}. */
    public String anchor() {
        return anchor;
    }
}
