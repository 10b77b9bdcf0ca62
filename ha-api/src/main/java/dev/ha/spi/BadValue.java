package dev.ha.spi;

import org.jspecify.annotations.Nullable;

/**
 * A raw value that is not of an option's type. Its message says what would be right and never repeats the value,
 * which may be a secret.
 */
final class BadValue extends Exception {
    private static final long serialVersionUID = 1L;

    private final @Nullable String name;
    private final transient @Nullable Object value;

    BadValue(String sentence) {
        this(sentence, null, null);
    }

    /** Of one name of a map. */
    BadValue(String sentence, @Nullable String name, @Nullable Object value) {
        super(sentence, null, false, false);
        this.name = name;
        this.value = value;
    }

    String sentence() {
        return String.valueOf(getMessage());
    }

    /** The key to blame: the one of the option, with the name in place of a map's asterisk. */
    String keyIn(String key) {
        return name == null ? key : key.substring(0, key.length() - 1) + name;
    }

    /** The value to blame, out of the whole {@code raw} one. */
    Object value(Object raw) {
        return value == null ? raw : value;
    }
}
