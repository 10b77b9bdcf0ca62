package dev.ha.core.store;

import dev.ha.spi.SafeName;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * The files of one election's blobs, in any installed file system. Each is written once under a name that nobody else has, and never changed (SAFETY S9); whether it counts is said by an
 * entry. Methods block.
 */
final class BlobDirectory {
    /** Of the first two parts of a name. */
    static final int LONGEST_PART = 80;

    private static final String ASIDE = "aside.";

    private final Path storage;
    private final Path directory;
    private volatile boolean prepared;

    /** Makes nothing yet. */
    BlobDirectory(Path storage, String clusterId, String election) {
        this.storage = storage;
        this.directory = storage.resolve(SafeName.encode(clusterId, 140)).resolve(SafeName.encode(election, 140));
    }

    /**
     * A file that was found.
     *
     * @param name of the blob
     * @param file of it, perhaps still aside
     * @param modified when it was written, by the clock of the file system
     */
    record Found(String name, Path file, Instant modified) {}

    /**
     * Writes all that {@code data} gives: aside, forced, moved into place, the directory forced.
     *
     * @param scope what it is for, shown to people
     * @param history in which {@code token} counts
     * @param token of the leader that writes
     */
    Blob write(String scope, String history, long token, InputStream data) throws IOException {
        prepare();
        String name = SafeName.encode(scope, LONGEST_PART)
                + '.'
                + SafeName.encode(history, LONGEST_PART)
                + '.'
                + token
                + '.'
                + UUID.randomUUID().toString().replace("-", "");
        Path aside = directory.resolve(ASIDE + name);
        try {
            BlobFormat.Content content = writeAside(name, aside, data);
            move(aside, directory.resolve(name));
            force(directory);
            return new Blob(name, content.length(), content.crc());
        } catch (IOException | RuntimeException | Error failure) {
            try {
                Files.deleteIfExists(aside);
                Files.deleteIfExists(directory.resolve(name)); // nobody knows it
            } catch (IOException left) {
                failure.addSuppressed(left);
            }
            throw failure;
        }
    }

    private static BlobFormat.Content writeAside(String name, Path aside, InputStream data) throws IOException {
        try (SeekableByteChannel file =
                Files.newByteChannel(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            BlobFormat.Content content = BlobFormat.write(name, data, Channels.newOutputStream(file));
            if (file instanceof FileChannel channel) {
                channel.force(true);
            }
            return content;
        }
    }

    /** Where a file system can't move atomically, a file in place may not be whole; no entry names it before it is. */
    private static void move(Path aside, Path target) throws IOException {
        try {
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException otherSystem) {
            Files.move(aside, target);
        }
    }

    /** Makes the directory and those above it, and has them forced once by this process, as who made them may not have come to it. */
    private void prepare() throws IOException {
        if (!prepared || !Files.isDirectory(directory)) {
            List<Path> made = new ArrayList<>();
            for (Path parent = storage.toAbsolutePath();
                    parent != null && !Files.exists(parent);
                    parent = parent.getParent()) {
                made.add(parent);
            }
            Files.createDirectories(directory);
            for (Path each : made) {
                force(Objects.requireNonNullElse(each.getParent(), each));
            }
            force(storage);
            force(Objects.requireNonNull(directory.getParent()));
            prepared = true;
        }
    }

    /** Only the file system of the machine knows what it is to force a directory. */
    private static void force(Path directory) throws IOException {
        if (directory.getFileSystem() == FileSystems.getDefault()) {
            try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
                opened.force(true);
            }
        }
    }

    /**
     * The data of a blob, verified as they are read.
     *
     * @throws NoSuchFileException if it is not there
     * @throws BlobFormat.CorruptBlobException if it is something else
     */
    InputStream open(Blob blob) throws IOException {
        InputStream file = new BufferedInputStream(Files.newInputStream(directory.resolve(blob.name())));
        try {
            return BlobFormat.read(blob, file);
        } catch (EOFException empty) {
            file.close();
            throw new BlobFormat.CorruptBlobException(blob, "is empty");
        } catch (IOException | RuntimeException | Error failure) {
            file.close();
            throw failure;
        }
    }

    /** Only for who knows that no entry names it, nor ever will (SAFETY S9). Done also when it is not there. */
    void delete(Blob blob) throws IOException {
        Files.deleteIfExists(directory.resolve(blob.name()));
    }

    /** Only for who knows that no entry names it, nor ever will (SAFETY S9). Done also when it is not there. */
    void delete(Found found) throws IOException {
        Files.deleteIfExists(found.file());
    }

    /** All files that are blobs, in place or aside. */
    List<Found> list() throws IOException {
        List<Found> blobs = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = Objects.toString(file.getFileName());
                try {
                    blobs.add(new Found(
                            name.startsWith(ASIDE) ? name.substring(ASIDE.length()) : name,
                            file,
                            Files.getLastModifiedTime(file).toInstant()));
                } catch (NoSuchFileException moved) {
                    // Deleted, or in place by now: whoever did that is at work, so it is no orphan.
                }
            }
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (DirectoryIteratorException failure) {
            throw failure.getCause();
        }
        return blobs;
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
