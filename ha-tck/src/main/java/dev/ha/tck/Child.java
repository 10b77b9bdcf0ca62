package dev.ha.tck;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A contender in a process of its own, with the class path of this one, that can be stopped, continued and killed. Its grants, and when their handles were valid,
 * go into the {@link Validity} of the test: its {@code nanoTime} is compared with ours at the start.
 */
final class Child implements AutoCloseable {
    private static final int SHOWN_LINES = 20;

    private final String name;
    private final Expect expect;
    private final Validity validity;
    private final Process process;
    private final Path log;
    private final PrintStream commands;
    private final Thread reader;
    private final List<String> story = new CopyOnWriteArrayList<>();
    private final Map<UUID, Grant> grants = new ConcurrentHashMap<>();
    private volatile @Nullable Grant present;
    private volatile long clock;

    /**
     * A grant that it has reported.
     *
     * @param session id of the grant
     * @param token its fencing token
     * @param validity where its samples go
     */
    record Grant(UUID session, long token, Validity.Grant validity) {}

    /** Starts the program; it contends when told to. */
    Child(String name, Expect expect, Validity validity, Map<String, String> settings) {
        this.name = name;
        this.expect = expect;
        this.validity = validity;
        try {
            log = Files.createTempFile("tck-" + name + "-", ".log");
            process = new ProcessBuilder(command()).redirectError(log.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException("could not start a child JVM", e);
        }
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        reader = new Thread(this::read, "tck-child-" + name);
        reader.setDaemon(true);
        reader.start();
        settings.forEach((key, value) -> say("set", key, value));
        checkClock();
    }

    private List<String> command() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                classPath(),
                ChildMain.class.getName(),
                name);
    }

    /** The class path, and the module path where the tests run on one; the child has only the former. */
    private static String classPath() {
        return String.join(
                File.pathSeparator,
                Stream.of("java.class.path", "jdk.module.path")
                        .map(System::getProperty)
                        .filter(path -> path != null && !path.isEmpty())
                        .toList());
    }

    /** The child's reading must lie between two of ours, or its samples can't be compared with ours. */
    private void checkClock() {
        long before = System.nanoTime();
        say("clock");
        awaits(() -> clock != 0, "answers");
        long after = System.nanoTime();
        if (clock < before || clock > after) {
            close();
            throw new IllegalStateException("System.nanoTime() of two processes can't be compared on "
                    + System.getProperty("os.name") + ": " + clock + " is not between " + before + " and " + after);
        }
    }

    private void say(String command, String... words) {
        StringBuilder line = new StringBuilder(command);
        for (String word : words) {
            line.append(' ').append(ChildMain.encode(word));
        }
        commands.println(line);
    }

    private void read() {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                List<String> words =
                        Stream.of(line.split(" ", -1)).map(ChildMain::decode).toList();
                if (!words.get(0).equals("valid")) {
                    story.add(String.join(" ", words));
                }
                heard(words);
            }
        } catch (IOException killed) {
            // Nothing more is to be heard.
        }
    }

    private void heard(List<String> words) {
        switch (words.get(0)) {
            case "clock" -> clock = Long.parseLong(words.get(1));
            case "granted" -> granted(UUID.fromString(words.get(1)), Long.parseLong(words.get(2)), words.get(3));
            case "valid" -> grant(words).validity.proven(Long.parseLong(words.get(2)), Long.parseLong(words.get(3)));
            case "revived" -> grant(words).validity.revived();
            case "revoked" -> present = null;
            default -> {
                // For the story only.
            }
        }
    }

    private Grant grant(List<String> words) {
        Grant grant = grants.get(UUID.fromString(words.get(1)));
        if (grant == null) {
            throw new IllegalStateException("a child speaks of a grant that it has not reported: " + words);
        }
        return grant;
    }

    private void granted(UUID session, long token, String history) {
        Grant grant = new Grant(session, token, validity.granted(name, Scenario.ELECTION, session, history, token));
        grants.put(session, grant);
        present = grant;
    }

    /** Contends for {@link Scenario#ELECTION}, and writes while it leads; it has seen the election when this returns, so that its start counts for no rule. */
    Child contend() {
        contend(ChildProgram.WRITER);
        expect.within(
                TckTimeouts.servers(),
                () -> story.contains("sees"),
                name + " sees the election",
                this,
                "does the backend work in a process of its own?");
        return this;
    }

    /** Contends for {@link Scenario#ELECTION} as soon as it has started, and runs {@code program} while it leads. */
    Child contend(ChildProgram program) {
        say("contend", Scenario.ELECTION, program.name());
        return this;
    }

    /** What it has said so far, in order: the words of each line that began with one of {@code events}. */
    List<List<String>> said(String... events) {
        Set<String> wanted = Set.of(events);
        return story.stream()
                .map(line -> List.of(line.split(" ", -1)))
                .filter(words -> wanted.contains(words.get(0)))
                .toList();
    }

    /** How much it has said so far. */
    int countSaid() {
        return story.size();
    }

    /** Leads, by what it has said last. */
    boolean leads() {
        return present != null && process.isAlive();
    }

    /** Its grant, if it leads by what it has said last. */
    Optional<Grant> leading() {
        return leads() ? Optional.ofNullable(present) : Optional.empty();
    }

    /** Leads, has confirmed and written under its grant, now or within {@code patience}. */
    Grant leadership(Duration patience) {
        expect.within(
                patience,
                () -> leading()
                        .filter(grant -> told("confirmed", grant) && told("writes", grant))
                        .isPresent(),
                name + " leads, confirms and writes",
                this,
                "does the backend work in a process of its own?");
        return leading().orElseThrow(() -> expect.broken(name + " keeps the leadership", this, "why did it lose it?"));
    }

    private boolean told(String event, Grant grant) {
        return story.contains(event + " " + grant.session);
    }

    /** Closes its services, in order. */
    void leave() {
        say("close");
        awaits(() -> story.contains("closed"), "closes its services");
        present = null;
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until all is heard that it has said before it was killed. */
    void awaitEnd() {
        try {
            reader.join(TckTimeouts.patience().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** SIGSTOP: it does nothing, and its connections stay open. */
    void stop() {
        signal("STOP");
    }

    /** SIGCONT. */
    void proceed() {
        signal("CONT");
    }

    /** Whether processes can be stopped here. */
    static boolean canStop() {
        return !System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("windows");
    }

    private void signal(String signal) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .redirectErrorStream(true)
                    .start();
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("kill -" + signal + " failed: "
                        + new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaits(BooleanSupplier holds, String what) {
        if (!Expect.await(TckTimeouts.blocked(), holds)) {
            throw new IllegalStateException("the child process " + name + " never " + what + ": " + this);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            reader.join(TimeUnit.SECONDS.toMillis(5));
            Files.deleteIfExists(log);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        List<String> lines = new ArrayList<>(story);
        try {
            List<String> logged = Files.readAllLines(log);
            lines.addAll(logged.subList(Math.max(0, logged.size() - SHOWN_LINES), logged.size()));
        } catch (IOException unreadable) {
            lines.add("(no log: " + unreadable + ")");
        }
        return name + (process.isAlive() ? "" : " (dead)") + " said: " + String.join("\n            ", lines);
    }
}
