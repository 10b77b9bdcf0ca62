package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Processes of tests, by their ids. */
final class Processes {
    private static final long LOOK_AGAIN = TimeUnit.MILLISECONDS.toNanos(2);

    private static final long HUP_AND_INT = 0b11;

    private Processes() {}

    static void signal(long pid, String signal) {
        try {
            Process kill =
                    new ProcessBuilder("/bin/sh", "-c", "kill -s \"$0\" \"$1\"", signal, Long.toString(pid)).start();
            assertThat(kill.waitFor()).as("kill -s %s %d", signal, pid).isZero();
        } catch (IOException | InterruptedException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Whether it exists and is no zombie. */
    static boolean isRunning(long pid) {
        return ProcessStat.of(pid).filter(ProcessStat::isRunning).isPresent();
    }

    /** Whether SIGHUP or SIGINT is ignored here, which a child inherits and a JVM leaves as it is. */
    static boolean thisOneIgnoresSignals() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            long ignored = lines.filter(line -> line.startsWith("SigIgn:"))
                    .mapToLong(line -> Long.parseUnsignedLong(
                            line.substring("SigIgn:".length()).strip(), 16))
                    .findFirst()
                    .orElseThrow();
            return (ignored & HUP_AND_INT) != 0;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static long parent(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .pid();
    }

    static void await(String what, BooleanSupplier condition) {
        long until = System.nanoTime() + Ha.LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - until)
                    .as("waited too long: %s", what)
                    .isNegative();
            LockSupport.parkNanos(LOOK_AGAIN);
        }
    }

    /** Lets time pass that is part of what is tested; waits for nothing. */
    static void letPass(Duration duration) {
        long until = System.nanoTime() + duration.toNanos();
        await(duration + " pass", () -> System.nanoTime() - until >= 0);
    }
}
