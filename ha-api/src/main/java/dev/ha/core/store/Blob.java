package dev.ha.core.store;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an entry says of a blob.
 *
 * @param name of its file; can't leave the directory
 * @param length of the data
 * @param crc CRC-32C of name and data
 */
record Blob(String name, long length, int crc) {
    private static final Pattern NAME =
            Pattern.compile("(?<scope>[a-z0-9_-]+)\\.(?<history>[a-z0-9_-]+)\\.(?<token>-?[0-9]+)\\.[0-9a-f]{32}");

    Blob {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' is no name of a blob");
        }
    }

    /** Whether {@code name} is that of a blob of this history, written under another token. */
    static boolean isOfOtherTerm(String name, String history, long token) {
        Matcher parts = NAME.matcher(name);
        return parts.matches()
                && parts.group("history").equals(history)
                && !parts.group("token").equals(Long.toString(token));
    }
}
