package dev.ha.core;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** What an election, a component or an entry may be called: anything a backend can encode one-to-one (rule 8.2). */
final class Names {
    private static final int LONGEST = 200;

    private Names() {}

    /** {@code name}, or {@link IllegalArgumentException} that says what is wrong. */
    static String check(String what, String name) {
        if (name.isEmpty() || name.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "a name of " + what + " must have 1 to " + LONGEST + " characters, this one has " + name.length());
        }
        try {
            StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
        } catch (CharacterCodingException loneSurrogate) {
            throw new IllegalArgumentException(
                    "a name of " + what + " must be well-formed text; this one has half a character", loneSurrogate);
        }
        return name;
    }
}
