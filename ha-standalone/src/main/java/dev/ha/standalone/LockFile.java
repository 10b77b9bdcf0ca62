package dev.ha.standalone;

import dev.ha.standalone.JvmLocks.Role;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is there to be locked. It is open at most once in the JVM and for nothing but its lock; its content is never read (SAFETY F1). Its identity is the
 * file key of the path, taken before it was opened and compared after it was locked (SAFETY F2).
 */
final class LockFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LockFile.class);
    private static final Set<OpenOption> WRITE = Set.of(StandardOpenOption.WRITE);
    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ);
    /** Open for ever, as closing them would drop locks that somebody else took past {@link JvmLocks}. */
    private static final Queue<FileChannel> UNTOUCHABLE = new ConcurrentLinkedQueue<>();

    private final Path path;
    private final String key;
    private final FileChannel channel;
    private final AtomicBoolean closed = new AtomicBoolean();

    private LockFile(Path path, String key, FileChannel channel) {
        this.path = path;
        this.key = key;
        this.channel = channel;
    }

    /** What a look at a lock from outside shows. */
    enum Seen {
        /** This JVM is its holder. */
        HELD_HERE,
        /** Another process is its holder. */
        HELD,
        /** It has no holder any more; a candidate may have locked it as his heir. */
        FREE,
        /** There is no such file. */
        MISSING,
        /** This JVM is just looking at it in another thread. */
        UNCLEAR
    }

    /**
     * What is locked of a file. The holder takes all of it, heirs exclude each other by one byte, and those who only look take another one: so looks disturb
     * nobody, and see the holder and nobody else.
     */
    private enum Span {
        ALL(0, Long.MAX_VALUE, false),
        HEIR(0, 1, false),
        LOOK(1, 1, true);

        private final long from;
        private final long size;
        private final boolean shared;

        Span(long from, long size, boolean shared) {
            this.from = from;
            this.size = size;
            this.shared = shared;
        }
    }

    /** Locks the file, which is created if need be, as its holder; empty if another process or this JVM has it. */
    static Optional<LockFile> hold(Path path) throws IOException {
        return locked(open(path, true, Role.HOLDER, WRITE), Span.ALL);
    }

    /** Locks the file of somebody else, so that no other heir can; empty if its holder or an heir has it, or this JVM has it open. */
    static Optional<LockFile> inherit(Path path) throws IOException {
        Optional<LockFile> heir = locked(open(path, false, Role.VISITOR, WRITE), Span.HEIR);
        heir.ifPresent(file -> JvmLocks.inherit(file.key));
        return heir;
    }

    private static Optional<LockFile> locked(Optional<LockFile> opened, Span span) throws IOException {
        if (opened.isEmpty()) {
            return opened;
        }
        LockFile file = opened.get();
        boolean won = false;
        try {
            won = file.tryLock(span) && file.isInPlace();
            return won ? opened : Optional.empty();
        } finally {
            if (!won) {
                file.close();
            }
        }
    }

    /** Opens the file of somebody else, to wait for its lock; empty if this JVM has it open. */
    static Optional<LockFile> open(Path path) throws IOException {
        return open(path, false, Role.VISITOR, READ);
    }

    private static Optional<LockFile> open(Path path, boolean create, Role role, Set<OpenOption> options)
            throws IOException {
        String key;
        synchronized (JvmLocks.MONITOR) {
            if (create) {
                createIfMissing(path);
            }
            key = keyOf(path);
            if (!JvmLocks.claim(key, role)) {
                return Optional.empty();
            }
        }
        try {
            return Optional.of(new LockFile(path, key, FileChannel.open(path, options)));
        } catch (IOException | RuntimeException | Error failure) {
            JvmLocks.release(key);
            throw failure;
        }
    }

    /** Opens and closes the new file: harmless as long as no other thread can have opened it, hence under the monitor. */
    private static void createIfMissing(Path path) throws IOException {
        if (!Files.exists(path)) {
            try {
                Files.createFile(path);
            } catch (FileAlreadyExistsException another) {
                // Another process was faster: the file is there, which is all we want.
            }
        }
    }

    /** Asks the kernel whether the file has a holder, if this JVM does not know. */
    static Seen look(Path path) throws IOException {
        Seen here = lookHere(path);
        if (here != Seen.UNCLEAR) {
            return here;
        }
        try {
            Optional<LockFile> opened = open(path);
            if (opened.isEmpty()) {
                return lookHere(path);
            }
            try (LockFile file = opened.get()) {
                return file.isFree() ? Seen.FREE : Seen.HELD;
            }
        } catch (NoSuchFileException missing) {
            return Seen.MISSING;
        }
    }

    /** What this JVM knows of a file without touching it: {@link Seen#UNCLEAR} if nothing. */
    static Seen lookHere(Path path) throws IOException {
        try {
            Optional<Role> role = JvmLocks.role(keyOf(path));
            if (role.isEmpty()) {
                return Seen.UNCLEAR;
            }
            return switch (role.get()) {
                case HOLDER -> Seen.HELD_HERE;
                case HEIR -> Seen.FREE;
                case VISITOR -> Seen.UNCLEAR;
            };
        } catch (NoSuchFileException missing) {
            return Seen.MISSING;
        }
    }

    /** Identity of the file at {@code path}, without opening it. */
    private static String keyOf(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        Object key = attributes.fileKey();
        if (key == null || !attributes.isRegularFile()) {
            throw new RefusedException(
                    path + " can't serve as a lock: " + (key == null ? "no file keys here" : "not a regular file"));
        }
        return key.toString();
    }

    private boolean tryLock(Span span) throws IOException {
        try {
            return channel.tryLock(span.from, span.size, span.shared) != null;
        } catch (OverlappingFileLockException heldPastUs) {
            UNTOUCHABLE.add(channel);
            return false;
        }
    }

    /** Whether the file has no holder; for one that was opened to look. */
    boolean isFree() throws IOException {
        return tryLock(Span.LOOK);
    }

    /**
     * Waits until the file has no holder; for one that was opened to look. {@link #close} by another thread ends the wait with an exception.
     *
     * @throws IOException if closed meanwhile
     */
    void awaitFree() throws IOException {
        try {
            channel.lock(Span.LOOK.from, Span.LOOK.size, Span.LOOK.shared);
        } catch (OverlappingFileLockException heldPastUs) {
            UNTOUCHABLE.add(channel);
            throw new IOException(path + " is held by this JVM", heldPastUs);
        }
    }

    /** Whether the path still leads to this file. */
    boolean isInPlace() throws IOException {
        try {
            return keyOf(path).equals(key);
        } catch (NoSuchFileException removed) {
            return false;
        }
    }

    Path path() {
        return path;
    }

    /** Removes the file, unless another one is in its place, and releases it. */
    void remove() throws IOException {
        try {
            if (isInPlace()) {
                Files.delete(path);
            }
        } finally {
            close();
        }
    }

    /** Releases it, whatever the system says to it: a descriptor is gone after one attempt. */
    @Override
    public void close() {
        if (UNTOUCHABLE.contains(channel) || !closed.compareAndSet(false, true)) {
            return;
        }
        try {
            channel.close();
        } catch (IOException useless) {
            LOG.debug("Closing {} failed", path, useless);
        } finally {
            JvmLocks.release(key);
        }
    }
}
