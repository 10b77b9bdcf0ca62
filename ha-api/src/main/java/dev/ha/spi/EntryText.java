package dev.ha.spi;

import dev.ha.CorruptDataException;
import dev.ha.store.Entry;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/** What is stored of an entry: a line with format version and write id (SAFETY S10), then the value as it is. The same on every backend that stores bytes. */
public final class EntryText {
    private static final String START = "{\"v\":1,\"write\":\"";
    private static final String END = "\"}\n";
    private static final int UUID_LENGTH = 36;
    private static final int HEADER = START.length() + UUID_LENGTH + END.length();

    private EntryText() {}

    /** The stored form. */
    public static byte[] write(UUID writeId, byte[] value) {
        byte[] header = (START + writeId + END).getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(header, header.length + value.length);
        System.arraycopy(value, 0, all, header.length, value.length);
        return all;
    }

    /**
     * The entry that is stored as {@code bytes}.
     *
     * @throws CorruptDataException if they are not in this format
     */
    public static Entry read(String name, byte[] bytes, String version) {
        if (bytes.length >= HEADER) {
            String header = new String(bytes, 0, HEADER, StandardCharsets.US_ASCII);
            if (header.startsWith(START) && header.endsWith(END)) {
                try {
                    return new Entry(
                            name,
                            Arrays.copyOfRange(bytes, HEADER, bytes.length),
                            version,
                            UUID.fromString(header.substring(START.length(), START.length() + UUID_LENGTH)));
                } catch (IllegalArgumentException noUuid) {
                    // Not ours: reported below.
                }
            }
        }
        throw new CorruptDataException("entry " + name + " is not in this library's format", null);
    }
}
