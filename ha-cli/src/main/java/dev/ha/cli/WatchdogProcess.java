package dev.ha.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A {@link Watchdog} as {@code ha run} sees it: for one command, once. */
final class WatchdogProcess {
    private static final Logger LOG = LoggerFactory.getLogger(WatchdogProcess.class);

    /** How the one command of a watchdog ended. */
    sealed interface End {
        /**
         * It ran, and all of it is gone.
         *
         * @param code its exit code, or 128 and the number of the signal that killed it
         */
        record Exited(int code) implements End {}

        /** It was never started, because the leadership ended before it could be. */
        record Unstarted() implements End {}

        /** It could not be started. */
        record Failed(String why) implements End {}

        /** The watchdog is gone; the command may be there still. */
        record Abandoned() implements End {}
    }

    private final Process process;
    private final LineSocket socket;
    private final Path recordFile;
    private final CompletableFuture<Long> started = new CompletableFuture<>();
    private final CompletableFuture<End> end = new CompletableFuture<>();

    private WatchdogProcess(Process process, LineSocket socket, Path recordFile) {
        this.process = process;
        this.socket = socket;
        this.recordFile = recordFile;
    }

    /**
     * Starts one, without the command yet.
     *
     * @throws Failure if this machine can't have one
     */
    static WatchdogProcess start(Path directory, Path lockFile, String election, List<String> command) throws Failure {
        if (!ProcessStat.isSupported()) {
            throw new Failure("ha run needs Linux, with /proc, to watch a command");
        }
        Path address = directory.resolve(UUID.randomUUID() + ".socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(address));
            long before = System.nanoTime();
            Process process = new ProcessBuilder(commandLine(address, lockFile, election, command))
                    .inheritIO()
                    .start();
            var unused = process.onExit().thenRun(() -> closeQuietly(server));
            try {
                SocketChannel channel = server.accept();
                WatchdogProcess watchdog =
                        new WatchdogProcess(process, new LineSocket(channel), Watchdog.recordFile(lockFile));
                watchdog.awaitReady(before);
                return watchdog;
            } catch (IOException | Failure unfit) {
                process.destroyForcibly();
                throw unfit;
            }
        } catch (IOException failure) {
            throw new Failure("can't start the watchdog (" + failure
                    + "); ha run needs setsid (util-linux), and a directory of running commands with a short name");
        } finally {
            deleteQuietly(address);
        }
    }

    private static List<String> commandLine(Path address, Path lockFile, String election, List<String> command) {
        // In a session of its own, away from what a terminal or a shell sends to the process group of ha.
        List<String> line = new ArrayList<>(List.of("setsid"));
        line.addAll(HaProcess.java(Watchdog.class, "-Xmx24m", "-XX:-UsePerfData"));
        line.addAll(List.of(address.toString(), lockFile.toString(), election));
        line.addAll(command);
        return line;
    }

    private void awaitReady(long before) throws Failure {
        String line = socket.receive();
        if (line == null || !line.startsWith("ready ")) {
            throw new Failure("the watchdog ended before it was ready");
        }
        long there = Long.parseLong(line.substring("ready ".length()));
        if (there - before < 0 || System.nanoTime() - there < 0) {
            throw new Failure("ha run needs a Java runtime whose System.nanoTime() is the same in all processes");
        }
        Thread reader = new Thread(this::read, "from-watchdog");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        for (String line = socket.receive(); line != null; line = socket.receive()) {
            String[] words = line.split(" ", 2);
            switch (words[0]) {
                case "waiting" ->
                    LOG.warn(
                            "Another command of this election still runs on this machine{}; waiting for its end",
                            pidOfOther());
                case "cleared" ->
                    LOG.warn("Killed what an earlier command had left: the processes of session {}", words[1]);
                case "started" -> started.complete(Long.parseLong(words[1]));
                case "exited" -> end.complete(new End.Exited(Integer.parseInt(words[1])));
                case "unstarted" -> end.complete(new End.Unstarted());
                case "failed" -> end.complete(new End.Failed(words[1]));
                default -> LOG.warn("The watchdog says: {}", line);
            }
        }
        end.complete(new End.Abandoned());
        closeQuietly(socket);
    }

    private String pidOfOther() {
        try {
            return RunRecord.read(recordFile)
                    .map(other -> ", process " + other.session())
                    .orElse("");
        } catch (IOException unknown) {
            return "";
        }
    }

    /** Tells it; when it is gone, that shows as the end. */
    void say(String line) {
        try {
            socket.send(line);
        } catch (IOException gone) {
            LOG.debug("The watchdog does not hear: {}", line, gone);
        }
    }

    /** Calls {@code action} with the process id when the command has started; perhaps never. */
    void whenStarted(LongConsumer action) {
        var unused = started.thenAccept(action::accept);
    }

    /** Calls {@code action} at the end, which always comes. */
    void whenEnded(Consumer<End> action) {
        var unused = end.thenAccept(action);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Does its work when it can't: kills what is left of the command, waits until that is gone, then kills it. */
    void replace() {
        try {
            // The record may be that of another watchdog, for which this one had to wait.
            RunRecord.read(recordFile)
                    .filter(running -> running.watchdog() == process.pid())
                    .flatMap(RunRecord::left)
                    .ifPresent(ProcessSession::killAndWait);
        } catch (IOException unreadable) {
            LOG.error("Can't find the command that the watchdog started", unreadable);
        }
        process.destroyForcibly();
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception closed) {
            LOG.debug("Closing failed", closed);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException kept) {
            LOG.debug("Can't delete {}", file, kept);
        }
    }
}
