package dev.ha.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** An {@code ha elect} in a process of its own, and what it says. It ends with this process, however that one ends. */
final class ElectProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** The {@link Heard} of the end. */
    static final String ENDED = "ended";

    /**
     * A line that it wrote, or its end.
     *
     * @param pid of the process
     * @param event such as {@code granted}, or {@link #ENDED}
     * @param token fencing token; 0 outside of a grant
     * @param nanoTime when it was read
     */
    record Heard(long pid, String event, long token, long nanoTime) {}

    private final Process process;

    private ElectProcess(Process process) {
        this.process = process;
    }

    /**
     * Starts one.
     *
     * @param configuration as arguments
     * @param withEnvironment whether it sees the keys in the environment of this process
     * @param listener called for each line, in order, on one thread
     */
    static ElectProcess start(
            List<String> configuration,
            boolean withEnvironment,
            String election,
            String address,
            Consumer<Heard> listener)
            throws IOException {
        List<String> line = new ArrayList<>(HaProcess.java(Main.class, "-Xmx48m", "-XX:-UsePerfData"));
        line.addAll(configuration);
        line.addAll(List.of("elect", election, "--address", address, "--json", "--until-end-of-input"));
        ProcessBuilder builder = new ProcessBuilder(line).redirectError(Redirect.INHERIT);
        if (!withEnvironment) {
            forget(builder.environment());
        }
        Process process = builder.start();
        Thread reader = new Thread(() -> read(process, listener), "from-" + address);
        reader.setDaemon(true);
        reader.start();
        return new ElectProcess(process);
    }

    private static void forget(Map<String, String> environment) {
        EnvironmentVariables.remove(environment);
        environment.remove(ConfigurationOptions.CONFIG_VARIABLE);
    }

    private static void read(Process process, Consumer<Heard> listener) {
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Config json = ConfigFactory.parseString(line);
                long token = json.hasPath("token") ? json.getLong("token") : 0;
                listener.accept(new Heard(process.pid(), json.getString("event"), token, System.nanoTime()));
            }
        } catch (IOException | ConfigException killed) {
            // perhaps in the middle of a line
        }
        listener.accept(new Heard(process.pid(), ENDED, 0, System.nanoTime()));
    }

    long pid() {
        return process.pid();
    }

    /** As {@code kill -9}: it can do nothing about it. */
    void kill() {
        process.destroyForcibly();
    }

    /** Lets it resign and end, and waits for that. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
