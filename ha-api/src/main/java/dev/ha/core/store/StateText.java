package dev.ha.core.store;

import dev.ha.CorruptDataException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What an entry of a store says: a line with format version, kind, the id of the write, length and checksum, then the value itself or, in the line, the name of the blob that
 * holds it. Immutable.
 */
final class StateText {
    /** What precedes a value in its entry has at most so many bytes. */
    static final int LONGEST_LINE = 512;

    private static final Pattern LINE = Pattern.compile(
            "\\{\"v\":1,\"kind\":\"(?<kind>inline|blob|gone)\","
                    + "\"id\":\"(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\","
                    + "\"length\":(?<length>[0-9]{1,18}),\"crc32c\":\"(?<crc>[0-9a-f]{8})\"(?:,\"blob\":\"(?<blob>[^\"]+)\")?\\}");
    private static final Pattern OTHER_VERSION = Pattern.compile("\\{\"v\":([0-9]+),.*");

    private enum Kind {
        /** The value follows. */
        INLINE,
        /** The value is in a blob. */
        BLOB,
        /** The removal has begun: there is no value, but perhaps still a blob. No longer than {@link #BLOB}, as who has no room left must be able to remove. */
        GONE
    }

    private final Kind kind;
    private final UUID id;
    private final byte[] value;
    private final Optional<Blob> blob;

    private StateText(Kind kind, UUID id, byte[] value, Optional<Blob> blob) {
        this.kind = kind;
        this.id = id;
        this.value = value;
        this.blob = blob;
    }

    static StateText inline(byte[] value) {
        return new StateText(Kind.INLINE, UUID.randomUUID(), value.clone(), Optional.empty());
    }

    static StateText pointer(Blob blob) {
        return new StateText(Kind.BLOB, UUID.randomUUID(), new byte[0], Optional.of(blob));
    }

    /** This with the removal mark. */
    StateText marked() {
        return new StateText(Kind.GONE, UUID.randomUUID(), new byte[0], blob);
    }

    boolean isRemoved() {
        return kind == Kind.GONE;
    }

    /** The blob that it names, also when its removal has begun. */
    Optional<Blob> blob() {
        return blob;
    }

    /** The value that stands in it, empty where it names a blob. */
    byte[] value() {
        return value.clone();
    }

    /** Whether both are of one write. */
    boolean isSameWrite(StateText other) {
        return id.equals(other.id);
    }

    byte[] bytes() {
        long length = blob.map(Blob::length).orElse((long) value.length);
        int crc = blob.map(Blob::crc).orElseGet(() -> checksum(value));
        String line = "{\"v\":1,\"kind\":\"" + kind.name().toLowerCase(Locale.ROOT) + "\",\"id\":\"" + id
                + "\",\"length\":" + length + ",\"crc32c\":\"" + HexFormat.of().toHexDigits(crc) + '"'
                + blob.map(named -> ",\"blob\":\"" + named.name() + '"').orElse("") + "}\n";
        byte[] start = line.getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(start, start.length + value.length);
        System.arraycopy(value, 0, all, start.length, value.length);
        return all;
    }

    /**
     * What {@link #bytes} has made.
     *
     * @param name of the entry, for the error
     * @throws CorruptDataException if it is anything else
     */
    static StateText read(String name, byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != '\n') {
            end++;
        }
        String line = new String(bytes, 0, end, StandardCharsets.US_ASCII);
        Matcher fields = LINE.matcher(line);
        if (end == bytes.length || !fields.matches()) {
            Matcher newer = OTHER_VERSION.matcher(line);
            throw new CorruptDataException(
                    "entry " + name + " is no state of a format known here"
                            + (newer.matches() ? ", but of version " + newer.group(1) : ""),
                    null);
        }
        byte[] value = Arrays.copyOfRange(bytes, end + 1, bytes.length);
        long length = Long.parseLong(fields.group("length"));
        int crc = Integer.parseUnsignedInt(fields.group("crc"), 16);
        Kind kind = Kind.valueOf(fields.group("kind").toUpperCase(Locale.ROOT));
        Optional<Blob> blob = blob(name, fields.group("blob"), length, crc);
        boolean sound = kind == Kind.INLINE
                ? blob.isEmpty() && length == value.length && crc == checksum(value)
                : blob.isPresent() && value.length == 0;
        if (!sound) {
            throw new CorruptDataException("entry " + name + " does not match its length and checksum", null);
        }
        return new StateText(kind, UUID.fromString(fields.group("id")), value, blob);
    }

    private static Optional<Blob> blob(String name, @Nullable String file, long length, int crc) {
        try {
            return Optional.ofNullable(file).map(named -> new Blob(named, length, crc));
        } catch (IllegalArgumentException wrong) {
            throw new CorruptDataException("entry " + name + ": " + wrong.getMessage(), wrong);
        }
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
