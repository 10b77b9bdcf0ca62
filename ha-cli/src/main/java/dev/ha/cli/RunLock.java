package dev.ha.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Lets one command of an election run at a time on this machine, whoever leads. The operating system frees it when its
 * process ends. Its file is opened here only, once per process, because closing any descriptor of it would free the
 * lock.
 */
final class RunLock implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private RunLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Takes the lock, for as long as that needs.
     *
     * @param onWait called when somebody else holds it
     */
    static RunLock acquire(Path file, Runnable onWait) throws IOException {
        while (true) {
            Object before = create(file);
            FileChannel channel;
            try {
                channel = FileChannel.open(file, StandardOpenOption.WRITE);
            } catch (NoSuchFileException removed) {
                continue;
            }
            FileLock lock = channel.tryLock();
            if (lock == null) {
                onWait.run();
                channel.lock();
            }
            // A lock on a file that was removed or replaced meanwhile keeps nobody out.
            if (before != null && Objects.equals(before, key(file))) {
                return new RunLock(file, channel);
            }
            channel.close();
        }
    }

    /** Keeps those away who remove old files. */
    void touch(Clock clock) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
    }

    private static @Nullable Object create(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException usually) {
            // that will do
        }
        return key(file);
    }

    private static @Nullable Object key(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException removed) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
