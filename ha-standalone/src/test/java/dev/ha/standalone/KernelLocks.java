package dev.ha.standalone;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Who holds which lock, as the kernel sees it: the only look at a lock of this JVM that does not put it at risk. Linux only, as these tests are. */
final class KernelLocks {
    private static final Path LOCKS = Path.of("/proc/locks");

    private KernelLocks() {}

    /** Whether {@code file} has a holder, which has locked all of it. */
    static boolean isHeld(Path file) throws IOException {
        String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
        return Files.readAllLines(LOCKS).stream()
                .anyMatch(line ->
                        line.contains("WRITE") && !line.contains("->") && line.contains(inode) && line.endsWith("EOF"));
    }
}
