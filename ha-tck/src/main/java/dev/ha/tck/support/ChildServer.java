package dev.ha.tck.support;

import dev.ha.tck.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A real server as a process of its own, which can be stopped, continued, killed and started again. Lives in a {@link ServerHome} and ends with it. */
public abstract class ChildServer implements ServerProcess {
    /** Some start with many seconds of computing, and beside others that do. */
    private static final Duration START = Duration.ofMinutes(2);

    private final String name;
    private final Path home;
    private volatile @Nullable Process process;

    /** Not started yet. {@code name} is that of its own directory in {@code home}. */
    protected ChildServer(ServerHome home, String name) throws IOException {
        this.name = name;
        this.home = home.room(this, name);
    }

    /** What to run; asked at each start. */
    protected abstract List<String> command();

    /** Its own directory. */
    public final Path home() {
        return home;
    }

    /** Of the process that was started last. */
    public final long pid() {
        return started().pid();
    }

    @Override
    public final void start() throws IOException {
        if (isAlive()) {
            return;
        }
        process = new ProcessBuilder(command())
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(home.resolve("output").toFile()))
                .start();
    }

    /** Waits until clients can work with it. */
    public void awaitServing() throws InterruptedException {
        Waiting.until(this::serves, () -> name + " to serve: " + output(), START);
    }

    /** All that it has written so far. */
    public final String output() {
        try {
            return Files.readString(home.resolve("output"));
        } catch (IOException unreadable) {
            return unreadable.toString();
        }
    }

    @Override
    public final void pause() throws Exception {
        signal("STOP");
    }

    @Override
    public final void resume() throws Exception {
        signal("CONT");
    }

    private void signal(String signal) throws Exception {
        if (!isAlive()) {
            return;
        }
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start();
        if (kill.waitFor() != 0) {
            throw new IOException("kill -" + signal + " failed");
        }
    }

    @Override
    public final void kill() throws InterruptedException {
        if (!started().destroyForcibly().waitFor(10, TimeUnit.SECONDS)) {
            throw new IllegalStateException(pid() + " lives on");
        }
    }

    private Process started() {
        return Objects.requireNonNull(process, "not started");
    }

    /** Whether there is a process, even a stopped one. */
    public final boolean isAlive() {
        Process present = process;
        return present != null && present.isAlive();
    }

    /** Waits until it is dead, so that nothing writes to its directory any more. */
    final void killIfAlive() {
        Process present = process;
        if (present != null) {
            present.destroyForcibly();
            Process unused = present.onExit()
                    .completeOnTimeout(present, 10, TimeUnit.SECONDS)
                    .join();
        }
    }
}
