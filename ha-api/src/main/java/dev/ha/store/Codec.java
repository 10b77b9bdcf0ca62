package dev.ha.store;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Bytes of a value, and back. Implemented by users; called by several threads at once, never under a lock. There is no
 * default on purpose: bytes that outlive a program need a format that outlives its classes.
 *
 * @param <T> type of the value
 */
public interface Codec<T> {
    /** The bytes of {@code value}; what this throws is thrown to whoever stores the value. */
    byte[] encode(T value);

    /**
     * The value of {@code bytes}, which {@link #encode} has made, perhaps that of another version of the program.
     *
     * @throws Exception if it can't be read: told as a {@link dev.ha.CorruptDataException} with this cause
     */
    T decode(byte[] bytes) throws Exception;

    /** Bytes as they are. */
    static Codec<byte[]> bytes() {
        return new Codec<>() {
            @Override
            public byte[] encode(byte[] value) {
                return value.clone();
            }

            @Override
            public byte[] decode(byte[] bytes) {
                return bytes;
            }
        };
    }

    /** Text as UTF-8; {@link IllegalArgumentException} for one that has half a character, which would be read as another one. */
    static Codec<String> text() {
        return new Codec<>() {
            @Override
            public byte[] encode(String value) {
                try {
                    ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
                    byte[] bytes = new byte[encoded.remaining()];
                    encoded.get(bytes);
                    return bytes;
                } catch (CharacterCodingException half) {
                    throw new IllegalArgumentException(
                            "a text must be well-formed; this one has half a character", half);
                }
            }

            @Override
            public String decode(byte[] bytes) throws Exception {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes))
                        .toString();
            }
        };
    }
}
