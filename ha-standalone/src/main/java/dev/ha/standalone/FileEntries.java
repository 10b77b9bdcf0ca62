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
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * The metadata entries of one election, a file each: format, write id, version, name and value, and a checksum. Files are replaced, never changed in place, so
 * a reader sees a whole one, the old or the new.
 */
final class FileEntries {
    private static final int FORMAT = 0x48414501;
    private static final int LONGEST_NAME = 140;
    /** Before each name, as one may be empty. */
    private static final String ENTRY = "entry-";

    private final FileElection election;

    FileEntries(FileElection election) {
        this.election = election;
    }

    Optional<Entry> get(String name) throws IOException {
        return read(file(name));
    }

    Set<String> names(String prefix) throws IOException {
        Set<String> names = new HashSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(election.entries(), ENTRY + "*")) {
            for (Path file : files) {
                readName(file).filter(name -> name.startsWith(prefix)).ifPresent(names::add);
            }
        } catch (NoSuchFileException neverLed) {
            return Set.of();
        }
        return names;
    }

    /** The new version; empty text after a deletion. Called with the guard held. */
    String write(FileSeal seal, Change change, String version) throws IOException {
        Path file = file(change.name());
        Optional<Entry> found = read(file);
        boolean met = change.kind() == Change.Kind.CREATE
                ? found.isEmpty()
                : found.isPresent() && found.get().version().equals(change.expectedVersion());
        if (!met) {
            election.requireLatest(seal);
            throw new ConflictException(change + ": found "
                    + found.map(entry -> "version " + entry.version()).orElse("no entry"));
        }
        if (change.kind() == Change.Kind.DELETE) {
            election.delete(seal, file);
            return "";
        }
        election.replace(seal, file, bytes(change, version), true);
        return version;
    }

    private Path file(String name) {
        return election.entries().resolve(ENTRY + SafeName.encode(name, LONGEST_NAME));
    }

    private static byte[] bytes(Change change, String version) throws IOException {
        CRC32C crc = new CRC32C();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(new CheckedOutputStream(bytes, crc))) {
            out.writeInt(FORMAT);
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

    private static Optional<Entry> read(Path file) throws IOException {
        return open(file, reader -> {
            Header header = reader.header();
            byte[] value = reader.block();
            reader.check();
            reader.end();
            return new Entry(header.name, value, header.version, header.writeId);
        });
    }

    private static Optional<String> readName(Path file) throws IOException {
        return open(file, reader -> reader.header().name);
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

    private record Header(UUID writeId, String version, String name) {}

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
            UUID writeId = new UUID(in.readLong(), in.readLong());
            String version = new String(block(), StandardCharsets.UTF_8);
            String name = new String(block(), StandardCharsets.UTF_8);
            check();
            return new Header(writeId, version, name);
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
