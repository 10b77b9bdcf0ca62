package dev.ha.standalone;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Another process, started by {@code ha doctor} to see whether locks hold between two. Uses nothing but the JDK. */
final class LockProbe {
    static final String FREE = "free";
    static final String HELD = "held";

    private LockProbe() {}

    /** Prints whether the lock of the file {@code arguments[0]} can be had. */
    public static void main(String[] arguments) throws IOException {
        try (FileChannel channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock();
                OutputStream output = new FileOutputStream(FileDescriptor.out)) {
            output.write((lock == null ? HELD : FREE).getBytes(StandardCharsets.UTF_8));
        }
    }
}
