package dev.ha.core.store;

import java.util.Set;
import java.util.stream.Collectors;

/** Names of the entries that the stores write: {@code .ha/STORE/PART/PART}. No two lists of parts have one name, and a prefix holds whole parts. */
final class StateNames {
    /** What begins the names that users can't write. */
    static final String RESERVED = ".ha/";

    /** The entry of {@link Seal}. */
    static final String SEAL = RESERVED + "seal";

    /** With it no name is longer than an entry's may be, whatever the store. */
    static final int LONGEST_PART = 90;

    private StateNames() {}

    /** A prefix, or with a {@link #part} behind it a name. */
    static String prefix(String store, String... parts) {
        StringBuilder prefix = new StringBuilder(RESERVED).append(store).append('/');
        for (String part : parts) {
            prefix.append(part).append('/');
        }
        return prefix.toString();
    }

    /**
     * A part of a name.
     *
     * @param what for the error
     * @throws IllegalArgumentException if it is empty, too long or no well-formed text
     */
    static String part(String what, String text) {
        String part = text.replace("%", "%25").replace("/", "%2F");
        if (part.isEmpty() || part.length() > LONGEST_PART) {
            throw new IllegalArgumentException(what + " must have 1 to " + LONGEST_PART
                    + " characters, where a slash or percent sign counts as" + " three; this one has " + part.length());
        }
        for (int i = 0; i < part.length(); i += Character.charCount(part.codePointAt(i))) {
            if (Character.getType(part.codePointAt(i)) == Character.SURROGATE) {
                throw new IllegalArgumentException(what + " must be well-formed text; this one has half a character");
            }
        }
        return part;
    }

    /** The last part of {@code name}, as it was given. */
    static String last(String name) {
        return name.substring(name.lastIndexOf('/') + 1).replace("%2F", "/").replace("%25", "%");
    }

    /** The last parts of {@code names}, as they were given. */
    static Set<String> lastOf(Set<String> names) {
        return names.stream().map(StateNames::last).collect(Collectors.toUnmodifiableSet());
    }
}
