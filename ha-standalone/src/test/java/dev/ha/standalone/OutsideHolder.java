package dev.ha.standalone;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/** Another process that locks a file, or a part of it, until it is told to let go. */
final class OutsideHolder implements AutoCloseable {
    private final Process process;

    private OutsideHolder(Path file, long from, long size, boolean shared) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OutsideHolder.class.getName(),
                        file.toString(),
                        Long.toString(from),
                        Long.toString(size),
                        Boolean.toString(shared))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String line =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
        if (!"held".equals(line)) {
            throw new AssertionError("the other process says " + line);
        }
    }

    /** As a holder. */
    static OutsideHolder of(Path file) throws IOException {
        return new OutsideHolder(file, 0, Long.MAX_VALUE, false);
    }

    /** As a candidate that is about to be granted. */
    static OutsideHolder heir(Path file) throws IOException {
        return new OutsideHolder(file, 0, 1, false);
    }

    /** As a follower. */
    static OutsideHolder look(Path file) throws IOException {
        return new OutsideHolder(file, 1, 1, true);
    }

    /** Holds the lock until the end of its input. */
    public static void main(String[] arguments) throws IOException {
        try (FileChannel channel = FileChannel.open(
                        Path.of(arguments[0]),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
                FileLock lock = channel.lock(
                        Long.parseLong(arguments[1]),
                        Long.parseLong(arguments[2]),
                        Boolean.parseBoolean(arguments[3]))) {
            System.out.println(lock.isValid() ? "held" : "lost");
            System.in.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** Lets go; done when the process is gone. */
    void release() throws Exception {
        process.getOutputStream().close();
        if (!process.waitFor(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the other process does not end");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
