package dev.ha.standalone;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A process that runs {@link ChildMain}, as seen by the test. */
final class Child {
    private final Process process;
    private final Writer commands;
    private final List<Event> events = new CopyOnWriteArrayList<>();

    /** One line of its output. */
    record Event(long micros, String text) {
        /** The number behind {@code granted}. */
        long token() {
            return Long.parseLong(text.substring(text.indexOf(' ') + 1));
        }
    }

    Child(Path directory) throws Exception {
        this(directory, "");
    }

    /** {@code limits} are commands of a shell that the process starts with, such as {@code ulimit}. */
    Child(Path directory, String limits) throws Exception {
        process = new ProcessBuilder(
                        "sh",
                        "-c",
                        limits + " exec \"$@\"",
                        "sh",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ChildMain.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        commands = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "child-" + process.pid());
        reader.setDaemon(true);
        reader.start();
        await("ready");
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int space = line.indexOf(' ');
                events.add(new Event(Long.parseLong(line.substring(0, space)), line.substring(space + 1)));
            }
        } catch (IOException | NumberFormatException end) {
            events.add(new Event(0, "output ended: " + end));
        }
    }

    void send(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    /** The first event that begins with {@code text}, waited for. */
    Event await(String text) throws Exception {
        Waiting.until("a child says " + text + ", not only " + events, () -> first(text)
                .isPresent());
        return first(text).orElseThrow();
    }

    Optional<Event> first(String text) {
        return events.stream().filter(event -> event.text.startsWith(text)).findFirst();
    }

    /** The last event that begins with {@code text}. */
    Optional<Event> last(String text) {
        return events.stream().filter(event -> event.text.startsWith(text)).reduce((earlier, later) -> later);
    }

    int count(String text) {
        return (int)
                events.stream().filter(event -> event.text.startsWith(text)).count();
    }

    /** It was granted more often than it has left; one that lost its lock still leads for all that others may think. */
    boolean leads() {
        return process.isAlive() && count("granted") > count("closed");
    }

    /** kill -9, and waits until it is dead. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("a killed child lives");
        }
    }

    /** {@code STOP} or {@code CONT}. */
    void signal(String name) throws Exception {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
        if (status != 0) {
            throw new AssertionError("kill -" + name + " failed with " + status);
        }
    }
}
