package dev.ha.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * Which command runs, written before it starts: should its watchdog be killed, whoever is next finds it by this and
 * ends it first. Kept in a file beside the {@link RunLock}; written and removed only by the lock's holder.
 *
 * @param watchdog its process id
 * @param session of the command
 * @param startTicks of its first process
 * @param machine the boot and the process id namespace in which the ids count
 * @param marker what the command and its children have in their environment
 */
record RunRecord(long watchdog, long session, long startTicks, String machine, String marker) {

    /** For the command whose first process is {@code first}, watched by this process. */
    static RunRecord of(ProcessStat first, String marker) {
        return new RunRecord(ProcessHandle.current().pid(), first.pid(), first.startTicks(), thisMachine(), marker);
    }

    /** The one in {@code file}; empty when there is none that can be read. */
    static Optional<RunRecord> read(Path file) throws IOException {
        try {
            List<String> lines = Files.readAllLines(file);
            return Optional.of(new RunRecord(
                    Long.parseLong(lines.get(0)),
                    Long.parseLong(lines.get(1)),
                    Long.parseLong(lines.get(2)),
                    lines.get(3),
                    lines.get(4)));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (NumberFormatException | IndexOutOfBoundsException notOurs) {
            return Optional.empty();
        }
    }

    void write(Path file) throws IOException {
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        Files.write(
                aside,
                List.of(Long.toString(watchdog), Long.toString(session), Long.toString(startTicks), machine, marker));
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** What is left of the command. Empty when all of it has ended, also if its ids belong to somebody else by now. */
    Optional<ProcessSession> left() {
        if (!machine.equals(thisMachine())) {
            return Optional.empty();
        }
        List<ProcessStat> running = ProcessStat.runningIn(session);
        // The kernel gives a number to no new process while a session has it. So a first process that started at
        // another time is a stranger, and its session too; without a first process the environment tells.
        boolean ours = ProcessStat.of(session)
                .map(first -> first.startTicks() == startTicks)
                .orElseGet(() -> running.stream().anyMatch(process -> process.hasInEnvironment(marker)));
        return ours && !running.isEmpty() ? Optional.of(new ProcessSession(session)) : Optional.empty();
    }

    private static String thisMachine() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip()
                    + " "
                    + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException unknown) {
            return "unknown";
        }
    }
}
