package dev.ha.store;

import java.nio.ByteBuffer;
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

    /** Text as UTF-8. */
    static Codec<String> text() {
        return new Codec<>() {
            @Override
            public byte[] encode(String value) {
                return value.getBytes(StandardCharsets.UTF_8);
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
