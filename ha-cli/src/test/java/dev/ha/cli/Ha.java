package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The {@code ha} command as a process, of the classes under test, and what it writes. Ends with all it started when it
 * is closed.
 */
final class Ha implements AutoCloseable {
    /** Generous: reached only when something is wrong. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    private final Process process;
    private final Path errors;
    private final List<String> lines = new ArrayList<>();
    private boolean ended;

    private Ha(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        Thread reader = new Thread(this::read, "output-of-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** How to start it: apart from the configuration and the files of this machine's user. */
    static final class Setup {
        private final Path directory;
        private final Map<String, String> environment = new TreeMap<>();
        private final List<String> javaOptions = new ArrayList<>();
        private final List<String> wrapper = new ArrayList<>();
        private @Nullable Path input;

        /** Everything is kept in {@code directory}. */
        Setup(Path directory) {
            this.directory = directory;
            environment.put(
                    "HIGH_AVAILABILITY_FILE_DIRECTORY",
                    directory.resolve("elections").toString());
            environment.put("HA_RUN_DIRECTORY", directory.resolve("run").toString());
        }

        Setup with(String variable, String value) {
            environment.put(variable, value);
            return this;
        }

        Setup withJava(String option) {
            javaOptions.add(option);
            return this;
        }

        Setup without(String variable) {
            environment.remove(variable);
            return this;
        }

        Setup withInput(Path file) {
            input = file;
            return this;
        }

        /** Through a shell script, whose arguments are the command line. */
        Setup within(String script) {
            wrapper.addAll(List.of("/bin/sh", "-c", script, "sh"));
            return this;
        }

        Ha start(String... arguments) {
            try {
                List<String> line = new ArrayList<>(wrapper);
                // A build under nohup, or in the background of a script, ignores signals, and so would all it starts.
                if (Processes.thisOneIgnoresSignals()) {
                    line.addAll(List.of("env", "--default-signal"));
                }
                line.addAll(HaProcess.java(Main.class, "-Xmx64m", "-XX:-UsePerfData"));
                line.addAll(line.indexOf("-cp"), javaOptions);
                line.addAll(List.of(arguments));
                Path errors = Files.createTempFile(directory, "errors", ".txt");
                ProcessBuilder builder =
                        new ProcessBuilder(line).directory(directory.toFile()).redirectError(errors.toFile());
                builder.redirectInput(
                        input == null ? Redirect.from(new File("/dev/null")) : Redirect.from(input.toFile()));
                EnvironmentVariables.remove(builder.environment());
                builder.environment().remove("HA_CONFIG");
                builder.environment().putAll(environment);
                return new Ha(builder.start(), errors);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }

        /** Starts it and waits for its end. */
        Ha run(String... arguments) {
            try (Ha ha = start(arguments)) {
                ha.exitCode();
                return ha;
            }
        }
    }

    private void read() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(line);
            }
        } catch (IOException closed) {
            // with the process
        }
        synchronized (this) {
            ended = true;
            notifyAll();
        }
    }

    private synchronized void add(String line) {
        lines.add(line);
        notifyAll();
    }

    long pid() {
        return process.pid();
    }

    /** All lines so far. */
    synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    /** The first line that has {@code text}, now or later. */
    String await(String text) {
        return await(line -> line.contains(text), text);
    }

    /** The first line with this event, now or later. */
    String awaitEvent(String event) {
        return await("\"event\":\"" + event + "\"");
    }

    private synchronized String await(Predicate<String> wanted, String description) {
        long until = System.nanoTime() + LIMIT.toNanos();
        for (int next = 0; ; next++) {
            while (next == lines.size()) {
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (ended || left <= 0) {
                    throw new AssertionError("no line with " + description + " in " + lines + "; errors: " + errors());
                }
                try {
                    wait(left);
                } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                }
            }
            if (wanted.test(lines.get(next))) {
                return lines.get(next);
            }
        }
    }

    /** What it wrote to the standard error. */
    String errors() {
        try {
            return Files.readString(errors);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Waits for its end, and for that of its output: all lines are there then. */
    int exitCode() {
        try {
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .as("ended; wrote %s; errors: %s", lines(), errors())
                    .isTrue();
            synchronized (this) {
                long until = System.nanoTime() + LIMIT.toNanos();
                while (!ended && System.nanoTime() - until < 0) {
                    wait(100);
                }
            }
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Such as {@code TERM}. */
    void signal(String signal) {
        Processes.signal(process.pid(), signal);
    }

    @Override
    public void close() {
        List<ProcessHandle> all = process.toHandle().descendants().toList();
        process.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        try {
            process.waitFor();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
