package dev.ha.standalone;

import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of one election and how its files are read and written; docs/decisions/0002-file-lock-protocol.md tells why. Stateless.
 *
 * <pre>
 * lock            locked by the candidate who is next, and by the leader for its whole term
 * holder-TOKEN    locked by the leader with this token for its whole term
 * guard           locked for the time of one change
 * token           the latest grant
 * record          what it has published
 * entries/entry-* one metadata entry each
 * aside.*         about to become one of these
 * </pre>
 */
class FileElection {
    private static final Logger LOG = LoggerFactory.getLogger(FileElection.class);
    private static final String HOLDER = "holder-";
    private static final String ASIDE = "aside.";
    /** Removed with all that is laid aside, should its maker die. */
    private static final String WAKE = ASIDE + "wake";

    private final Path directory;

    FileElection(Path directory) {
        this.directory = directory;
    }

    Path directory() {
        return directory;
    }

    Path lock() {
        return directory.resolve("lock");
    }

    private Path guard() {
        return directory.resolve("guard");
    }

    Path holder(long token) {
        return directory.resolve(HOLDER + token);
    }

    Path entries() {
        return directory.resolve("entries");
    }

    private Path token() {
        return directory.resolve("token");
    }

    private Path record() {
        return directory.resolve("record");
    }

    /** Whether a change of the file of this name can matter to anybody who watches the directory. */
    static boolean matters(String fileName) {
        return (!fileName.startsWith(ASIDE) || fileName.startsWith(WAKE)) && !fileName.equals("guard");
    }

    void create() throws IOException {
        Files.createDirectories(entries());
    }

    /** The latest grant; empty if there was none, or if the file is damaged: its history is lost then. */
    Optional<FileSeal> latestSeal() throws IOException {
        return read(token(), FileSeal::of);
    }

    /** Empty if nothing was published, or if the file is damaged: its leader writes it again. */
    Optional<FileRecord> published() throws IOException {
        return read(record(), FileRecord::of);
    }

    private static <T> Optional<T> read(Path file, Function<SortedMap<String, String>, Optional<T>> parse)
            throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException missing) {
            return Optional.empty();
        }
        Optional<T> content = ChecksummedText.read(bytes).flatMap(parse);
        if (content.isEmpty()) {
            LOG.warn("{} is damaged and taken for missing", file);
        }
        return content;
    }

    /** Tokens of all holder files. */
    List<Long> holders() throws IOException {
        List<Long> tokens = new ArrayList<>();
        for (Path file : list(directory, HOLDER + "*")) {
            try {
                tokens.add(Long.parseLong(file.getFileName().toString().substring(HOLDER.length())));
            } catch (NumberFormatException notOurs) {
                LOG.debug("{} is none of ours", file);
            }
        }
        return tokens;
    }

    /** The files of {@code directory} whose names match. */
    static List<Path> list(Path directory, String glob) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, glob)) {
            found.forEach(files::add);
        } catch (DirectoryIteratorException failure) {
            throw failure.getCause();
        }
        return files;
    }

    /** What is done while no other process changes the election. */
    interface Guarded {
        void run() throws IOException;
    }

    /**
     * Runs {@code change} under the guard (SAFETY F4); false if somebody else has it, and nothing was run. The guard keeps changes and grants in an order; that a
     * superseded one changes nothing does not rest on it.
     */
    boolean guarded(Guarded change) throws IOException {
        Optional<LockFile> guard = LockFile.hold(guard());
        if (guard.isEmpty()) {
            return false;
        }
        try {
            change.run();
            return true;
        } finally {
            guard.get().close();
        }
    }

    /** Makes way where the guard is held by a process that was superseded and does not run (SAFETY F5). */
    void breakGuard() throws IOException {
        Files.deleteIfExists(guard());
    }

    // ---- the grant ----

    /** Makes {@code seal} the latest grant, durably (SAFETY F3), and what former grants have prepared unusable. */
    void seal(FileSeal seal) throws IOException {
        writeDurably(token(), ChecksummedText.write(seal.fields()));
        removeAsides(directory);
        removeAsides(entries());
    }

    /** Written aside, forced, renamed, and the directory forced (SAFETY F3). */
    static void writeDurably(Path file, byte[] content) throws IOException {
        Files.move(writeAside(file, content, true), file, StandardCopyOption.ATOMIC_MOVE);
        force(Objects.requireNonNull(file.getParent()));
    }

    private static void removeAsides(Path directory) throws IOException {
        for (Path aside : list(directory, ASIDE + "*")) {
            Files.deleteIfExists(aside);
        }
    }

    /** Writes the first record of a grant that has just been sealed. */
    void begin(FileRecord record) throws IOException {
        Path aside = writeAside(record(), ChecksummedText.write(record.fields()), false);
        Files.move(aside, record(), StandardCopyOption.ATOMIC_MOVE);
    }

    // ---- changes under a grant ----

    /** Publishes under the grant {@code seal}. Not durable: a machine that loses power loses its leaders too. */
    void publish(FileSeal seal, FileRecord record) throws IOException {
        replace(seal, record(), ChecksummedText.write(record.fields()), false);
    }

    /**
     * Makes {@code content} that of {@code file}, atomically and only under the latest grant: the content is laid aside before the seal is read, and sealing
     * removes what is laid aside after it has written the seal, so of a new grant and an old one's change one always meets the other (SAFETY F4). This is the
     * only way in which a grant changes a file that others may change.
     *
     * @throws LeadershipLostException if superseded; nothing was changed
     * @throws OutcomeUnknownException if it is done, but may not be durable
     * @throws IOException if nothing was changed
     */
    void replace(FileSeal seal, Path file, byte[] content, boolean durable) throws IOException {
        try {
            Path aside = writeAside(file, content, durable);
            try {
                requireLatest(seal);
                Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException | RuntimeException | Error failure) {
                discard(aside, failure);
                throw failure;
            }
        } catch (NoSuchFileException removed) {
            throw lost(seal, "its directory, or what it had laid aside, was removed", 0);
        }
        if (durable) {
            forceChange(file);
        }
    }

    private static void forceChange(Path file) {
        try {
            force(Objects.requireNonNull(file.getParent()));
        } catch (IOException unknown) {
            throw new OutcomeUnknownException(file + " was changed, but may not outlive a crash: " + unknown, unknown);
        }
    }

    void requireLatest(FileSeal seal) throws IOException {
        Optional<FileSeal> latest = latestSeal();
        if (latest.isEmpty()) {
            throw lost(seal, "its token file was removed", 0);
        }
        if (!latest.get().isSameGrant(seal)) {
            throw lost(seal, "another grant was sealed", latest.get().token());
        }
    }

    private LeadershipLostException lost(FileSeal seal, String why, long newerToken) {
        return new LeadershipLostException(
                "the grant with token " + seal.token() + " in " + directory + " is over: " + why,
                seal.token(),
                newerToken);
    }

    /** In the directory of {@code target}, so that it can't be moved into another one that has taken the place of that. */
    private static Path writeAside(Path target, byte[] content, boolean durable) throws IOException {
        Path aside = target.resolveSibling(ASIDE + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
        try (FileChannel file = FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                file.write(rest);
            }
            if (durable) {
                file.force(true);
            }
        } catch (IOException | RuntimeException | Error failure) {
            discard(aside, failure);
            throw failure;
        }
        return aside;
    }

    private static void discard(Path aside, Throwable why) {
        try {
            Files.deleteIfExists(aside);
        } catch (IOException left) {
            why.addSuppressed(left);
        }
    }

    private static void force(Path directory) throws IOException {
        try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
            opened.force(true);
        }
    }

    /** Wakes everybody who watches the directory. */
    void wake() throws IOException {
        Files.delete(Files.createTempFile(directory, WAKE, ""));
    }
}
