package dev.ha.standalone;

import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.spi.Change;
import dev.ha.spi.SafeName;
import dev.ha.store.Entry;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata entries of one election, a file each: format, whether it is there or deleted, write id, version, name and value, and checksums. Files are
 * replaced, never changed in place, so a reader sees a whole one, the old or the new.
 *
 * <p>The path of an entry contains the id of the write that created it. A deletion replaces the content like any other change, fenced like any other; only then is
 * the file removed, which can't hit anything that is new, as no other creation has that path.
 */
final class FileEntries {
    private static final int FORMAT = 0x48414501;
    private static final int LONGEST_NAME = 140;
    private static final String ENTRY = "entry-";
    /** Ends the name; no encoded name contains it. */
    private static final char END = '.';
    /** In an encoded name that is too long to be one-to-one. */
    private static final String SHORTENED = "__";

    private static final Logger LOG = LoggerFactory.getLogger(FileEntries.class);

    private final FileElection election;

    FileEntries(FileElection election) {
        this.election = election;
    }

    Optional<Entry> get(String name) throws IOException {
        return find(name).map(Stored::entry);
    }

    Set<String> names(String prefix) throws IOException {
        Set<String> names = new HashSet<>();
        for (Path file : files(ENTRY + "*")) {
            presentName(file).filter(name -> name.startsWith(prefix)).ifPresent(names::add);
        }
        return names;
    }

    /** Of an entry that can't be read the name that its file has, so that it is told by whoever reads it, and hides no other (rule 6.15). */
    private static Optional<String> presentName(Path file) throws IOException {
        try {
            return open(file, Reader::header).filter(header -> header.present).map(header -> header.name);
        } catch (CorruptDataException damaged) {
            String name = Objects.toString(file.getFileName());
            int end = name.indexOf(END);
            if (end < 0 || name.contains(SHORTENED)) {
                throw damaged;
            }
            return Optional.of(SafeName.decode(name.substring(ENTRY.length(), end)));
        }
    }

    /** The new version; empty text after a deletion. */
    String write(FileSeal seal, Change change, String version) throws IOException {
        Optional<Stored> found = find(change.name());
        boolean met = change.kind() == Change.Kind.CREATE
                ? found.isEmpty()
                : found.isPresent() && found.get().entry.version().equals(change.expectedVersion());
        if (!met) {
            election.requireLatest(seal);
            throw new ConflictException(change + ": found "
                    + found.map(stored -> "version " + stored.entry.version()).orElse("no entry"));
        }
        boolean present = change.kind() != Change.Kind.DELETE;
        Path file = found.map(Stored::file).orElseGet(() -> newFile(change));
        election.replace(seal, file, bytes(change, version, present), true);
        if (present) {
            return version;
        }
        remove(file);
        return "";
    }

    private static void remove(Path deleted) {
        try {
            Files.deleteIfExists(deleted);
        } catch (IOException stays) {
            LOG.debug("{} stays, as a deleted entry", deleted, stays);
        }
    }

    /** An entry and where it is. */
    private record Stored(Path file, Entry entry) {}

    /** The entry of that name: at most one of its files is not deleted. */
    private Optional<Stored> find(String name) throws IOException {
        for (Path file : files(encoded(name) + "*")) {
            Optional<Entry> entry = read(file);
            if (entry.isPresent()) {
                return Optional.of(new Stored(file, entry.get()));
            }
        }
        return Optional.empty();
    }

    private List<Path> files(String glob) throws IOException {
        try {
            return FileElection.list(election.entries(), glob);
        } catch (NoSuchFileException neverLed) {
            return List.of();
        }
    }

    private Path newFile(Change creation) {
        return election.entries().resolve(encoded(creation.name()) + creation.writeId());
    }

    private static String encoded(String name) {
        return ENTRY + SafeName.encode(name, LONGEST_NAME) + END;
    }

    private static byte[] bytes(Change change, String version, boolean present) throws IOException {
        CRC32C crc = new CRC32C();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(new CheckedOutputStream(bytes, crc))) {
            out.writeInt(FORMAT);
            out.writeBoolean(present);
            out.writeLong(change.writeId().getMostSignificantBits());
            out.writeLong(change.writeId().getLeastSignificantBits());
            writeBlock(out, version.getBytes(StandardCharsets.UTF_8));
            writeBlock(out, change.name().getBytes(StandardCharsets.UTF_8));
            out.writeLong(crc.getValue());
            writeBlock(out, change.value());
            out.writeLong(crc.getValue());
        }
        return bytes.toByteArray();
    }

    private static void writeBlock(DataOutputStream out, byte[] block) throws IOException {
        out.writeInt(block.length);
        out.write(block);
    }

    /** Empty for a deleted one. */
    private static Optional<Entry> read(Path file) throws IOException {
        return open(file, reader -> {
                    Header header = reader.header();
                    byte[] value = reader.block();
                    reader.check();
                    reader.end();
                    Entry entry = new Entry(header.name, value, header.version, header.writeId);
                    return header.present ? Optional.of(entry) : Optional.<Entry>empty();
                })
                .flatMap(entry -> entry);
    }

    private static <T> Optional<T> open(Path file, Parser<T> parser) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(parser.parse(new Reader(file, in)));
        } catch (NoSuchFileException missing) {
            return Optional.empty();
        } catch (EOFException shortened) {
            throw new CorruptDataException(file + " ends too early", shortened);
        }
    }

    private interface Parser<T> {
        T parse(Reader reader) throws IOException;
    }

    private record Header(boolean present, UUID writeId, String version, String name) {}

    /** Reads what {@link #bytes} has written, and trusts none of it. */
    private static final class Reader {
        private final Path file;
        private final CRC32C crc = new CRC32C();
        private final DataInputStream in;

        Reader(Path file, InputStream in) {
            this.file = file;
            this.in = new DataInputStream(new CheckedInputStream(new BufferedInputStream(in), crc));
        }

        Header header() throws IOException {
            if (in.readInt() != FORMAT) {
                throw new CorruptDataException(file + " is no entry of a format known here", null);
            }
            boolean present = in.readBoolean();
            UUID writeId = new UUID(in.readLong(), in.readLong());
            String version = new String(block(), StandardCharsets.UTF_8);
            String name = new String(block(), StandardCharsets.UTF_8);
            check();
            return new Header(present, writeId, version, name);
        }

        byte[] block() throws IOException {
            int length = in.readInt();
            if (length < 0 || length > Files.size(file)) {
                throw new CorruptDataException(file + " has a block of " + length + " bytes", null);
            }
            byte[] block = new byte[length];
            in.readFully(block);
            return block;
        }

        void check() throws IOException {
            long computed = crc.getValue();
            if (in.readLong() != computed) {
                throw new CorruptDataException(file + " does not match its checksum", null);
            }
        }

        void end() throws IOException {
            if (in.read() >= 0) {
                throw new CorruptDataException(file + " is longer than it was written", null);
            }
        }
    }
}
