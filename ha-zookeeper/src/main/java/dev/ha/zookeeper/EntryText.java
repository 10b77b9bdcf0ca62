package dev.ha.zookeeper;

import dev.ha.CorruptDataException;
import dev.ha.store.Entry;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.apache.zookeeper.data.Stat;

/** What an entry's node holds: a line with format version and write id (SAFETY S10), then the value as it is. */
final class EntryText {
    private static final String START = "{\"v\":1,\"write\":\"";
    private static final String END = "\"}\n";
    private static final int UUID_LENGTH = 36;
    private static final int HEADER = START.length() + UUID_LENGTH + END.length();

    private EntryText() {}

    static byte[] write(UUID writeId, byte[] value) {
        byte[] header = (START + writeId + END).getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(header, header.length + value.length);
        System.arraycopy(value, 0, all, header.length, value.length);
        return all;
    }

    static Entry read(String name, byte[] bytes, Stat stat) {
        if (bytes.length >= HEADER) {
            String header = new String(bytes, 0, HEADER, StandardCharsets.US_ASCII);
            if (header.startsWith(START) && header.endsWith(END)) {
                try {
                    return new Entry(
                            name,
                            Arrays.copyOfRange(bytes, HEADER, bytes.length),
                            version(stat.getCzxid(), stat.getVersion()),
                            UUID.fromString(header.substring(START.length(), START.length() + UUID_LENGTH)));
                } catch (IllegalArgumentException noUuid) {
                    // Not ours: reported below.
                }
            }
        }
        throw new CorruptDataException("entry " + name + " is not in this library's format", null);
    }

    /** Never repeats for a name: a node that was deleted and made anew has another czxid. */
    static String version(long czxid, int version) {
        return Long.toHexString(czxid) + "-" + version;
    }

    /** The data version within {@code version}; -2, which no node has, for what is no version of ours. */
    static int dataVersion(String version) {
        try {
            return Integer.parseInt(version.substring(version.indexOf('-') + 1));
        } catch (NumberFormatException notOurs) {
            return -2;
        }
    }
}
