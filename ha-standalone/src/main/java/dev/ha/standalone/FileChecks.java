package dev.ha.standalone;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Diagnosable.Check;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** What mode file must find on a machine. Works on files of its own; no lock of an election is touched (SAFETY F1). */
final class FileChecks {
    private static final Duration PROBE_LIMIT = Duration.ofSeconds(20);

    /** Tokens of one millisecond count on from it. */
    private static final long CLOCK_TOLERANCE_MICROS = TimeUnit.MINUTES.toMicros(1);

    private final FileRoot root;
    private final BackendContext context;

    FileChecks(FileRoot root, BackendContext context) {
        this.root = root;
        this.context = context;
    }

    List<Check> all() {
        return List.of(
                new Check(
                        "directory",
                        this::directory,
                        "set high-availability.file.directory to a local directory that belongs to this user"),
                new Check(
                        "atomic writes",
                        this::atomicWrites,
                        "free space, or set high-availability.file.directory to a disk that works"),
                new Check(
                        "locks between processes",
                        this::locks,
                        "set high-availability.file.directory to a file system that keeps POSIX locks"),
                new Check("clock", this::clock, "set the clock: tokens of a new history start from it"));
    }

    private String directory() throws IOException {
        root.prepare();
        return root.root() + " on " + Files.getFileStore(root.root()).type();
    }

    private String atomicWrites() throws IOException {
        root.prepare();
        Path file = root.cluster().resolve(".check-" + UUID.randomUUID());
        long began = context.nanoTime();
        try {
            FileElection.writeDurably(file, new byte[] {1});
            FileElection.writeDurably(file, new byte[] {2});
            if (Files.readAllBytes(file)[0] != 2) {
                throw new IOException(file + " does not show what was written last");
            }
        } finally {
            Files.deleteIfExists(file);
        }
        return "two durable writes in " + TimeUnit.NANOSECONDS.toMillis(context.nanoTime() - began) + " ms";
    }

    /** Held here, then free: the other process must see both. */
    private String locks() throws IOException, InterruptedException {
        root.prepare();
        Path file = root.cluster().resolve(".check-" + UUID.randomUUID());
        LockFile lock = LockFile.hold(file).orElseThrow(() -> new IOException(file + " can't be locked"));
        try {
            requireSeen(LockProbe.HELD, file);
            lock.close();
            requireSeen(LockProbe.FREE, file);
        } finally {
            lock.close();
            Files.deleteIfExists(file);
        }
        return "held and released as another process sees it";
    }

    private static void requireSeen(String expected, Path file) throws IOException, InterruptedException {
        Process probe = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classes(),
                        LockProbe.class.getName(),
                        file.toString())
                .redirectErrorStream(true)
                .start();
        try {
            if (!probe.waitFor(PROBE_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("another process took more than " + PROBE_LIMIT.toSeconds() + " s to look");
            }
            String said = new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!said.substring(said.lastIndexOf('\n') + 1).equals(expected)) {
                throw new IOException("another process should see the lock " + expected + ", but says: " + said);
            }
        } finally {
            probe.destroyForcibly();
        }
    }

    /** Where another JVM finds the probe. */
    private static String classes() throws IOException {
        CodeSource source = LockProbe.class.getProtectionDomain().getCodeSource();
        String location = source == null ? "nowhere" : String.valueOf(source.getLocation());
        try {
            return Path.of(URI.create(location)).toString();
        } catch (IllegalArgumentException | FileSystemNotFoundException unreachable) {
            throw new IOException("another process can't be started from " + location, unreachable);
        }
    }

    private String clock() throws IOException {
        root.prepare();
        Instant now = context.wallTime();
        long micros = ChronoUnit.MICROS.between(Instant.EPOCH, now);
        for (Path election : FileElection.list(root.cluster(), "[!.]*")) {
            Optional<FileSeal> seal = new FileElection(election).latestSeal();
            if (seal.isPresent() && seal.get().token() - micros > CLOCK_TOLERANCE_MICROS) {
                throw new IOException("the clock says " + now + ", but a token was given in " + election + " at "
                        + Instant.EPOCH.plus(seal.get().token(), ChronoUnit.MICROS));
            }
        }
        return now + ", and no token is ahead of it";
    }
}
