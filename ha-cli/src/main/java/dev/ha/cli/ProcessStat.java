package dev.ha.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One process of this machine as {@code /proc} tells it: what {@link ProcessHandle} doesn't know.
 *
 * @param pid its id
 * @param state one letter
 * @param group id of its process group
 * @param session id of its session
 * @param startTicks when it started, in clock ticks since boot; with the id it names a process for as long as the
 *     machine runs
 */
record ProcessStat(long pid, char state, long group, long session, long startTicks) {
    private static final Path PROC = Path.of("/proc");
    private static final int STATE = 0;
    private static final int GROUP = 2;
    private static final int SESSION = 3;
    private static final int START = 19;

    /** Whether this machine tells. */
    static boolean isSupported() {
        return of(ProcessHandle.current().pid()).isPresent();
    }

    static Optional<ProcessStat> of(long pid) {
        try {
            // The name of the program, which may contain anything, ends with the last parenthesis.
            byte[] bytes = Files.readAllBytes(PROC.resolve(pid + "/stat"));
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
            return Optional.of(new ProcessStat(
                    pid,
                    fields[STATE].charAt(0),
                    Long.parseLong(fields[GROUP]),
                    Long.parseLong(fields[SESSION]),
                    Long.parseLong(fields[START])));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /** Those of {@code session} that run; what has ended and waits for its parent to notice does not. */
    static List<ProcessStat> runningIn(long session) {
        List<ProcessStat> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                of(Long.parseLong(entry.getFileName().toString()))
                        .filter(process -> process.session == session && process.isRunning())
                        .ifPresent(found::add);
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            throw new IllegalStateException("can't list the processes of this machine", unreadable);
        }
        return found;
    }

    boolean isRunning() {
        return state != 'Z' && state != 'X';
    }

    /** Whether it was started with {@code assignment}, such as {@code HA_SESSION_ID=...}, in its environment. */
    boolean hasInEnvironment(String assignment) {
        try {
            byte[] bytes = Files.readAllBytes(PROC.resolve(pid + "/environ"));
            return ("\0" + new String(bytes, StandardCharsets.UTF_8)).contains("\0" + assignment + "\0");
        } catch (IOException notOurs) {
            return false;
        }
    }
}
