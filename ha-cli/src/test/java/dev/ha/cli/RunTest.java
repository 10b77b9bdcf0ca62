package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code ha run} with real processes that are killed and stopped. The commands hold a lock of their own, with all of
 * their children, and write down when they find it taken: that is what "never twice at once" is judged by.
 */
final class RunTest {
    /** Of a command: what it wrote when it began. */
    private record Run(long token, long pid, long child, long watchdog) {
        long ha() {
            return Processes.parent(watchdog);
        }
    }

    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final String[] LEASED = {
        "-D",
        "high-availability.mode=" + LeasedBackendFactory.class.getName(),
        "-D",
        "high-availability.leased.lease=" + LEASE.toSeconds() + " s"
    };

    private final Path directory;
    private final Ha.Setup setup;
    private final List<Ha> started = new ArrayList<>();

    RunTest(@TempDir Path directory) {
        this.directory = directory;
        setup = new Ha.Setup(directory);
    }

    @BeforeEach
    void writeTheCommand() throws IOException {
        Files.writeString(directory.resolve("work.sh"), """
                cd "$1"
                exec 9>>alone
                flock -n 9 || echo "$HA_FENCING_TOKEN" >>twice
                sh -c "${CHILD:-sleep 1000}" &
                eval "${BEFORE:-:}"
                echo "$HA_FENCING_TOKEN $$ $! $PPID" >>runs
                shift
                eval "$@"
                """);
    }

    @AfterEach
    void tearDown() throws IOException {
        for (Run run : runs()) {
            ProcessHandle.of(run.watchdog).ifPresent(ProcessHandle::destroyForcibly);
        }
        started.forEach(Ha::close);
        for (Run run : runs()) {
            new ProcessSession(run.pid).killAndWait();
        }
    }

    /** Starts {@code ha OPTIONS run reports -- a command that waits for ever}, or does what {@code script} says. */
    private Ha start(String[] options, String script, String... more) {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("run", "reports"));
        arguments.addAll(List.of(more));
        arguments.addAll(
                List.of("--", "/bin/sh", directory.resolve("work.sh").toString(), directory.toString(), script));
        Ha ha = setup.start(arguments.toArray(String[]::new));
        started.add(ha);
        return ha;
    }

    private Ha start(String... more) {
        return start(new String[0], "wait", more);
    }

    /** Starts a command that does {@code preparation} before it tells of itself, and then loops. */
    private Ha startAfter(String preparation) {
        setup.with("BEFORE", preparation);
        return start(new String[0], "while :; do sleep 0.05; done");
    }

    private List<Run> runs() throws IOException {
        try {
            return Files.readAllLines(directory.resolve("runs")).stream()
                    .map(line -> line.split(" ", -1))
                    .map(word -> new Run(
                            Long.parseLong(word[0]),
                            Long.parseLong(word[1]),
                            Long.parseLong(word[2]),
                            Long.parseLong(word[3])))
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        }
    }

    /** The run with this number, counted from 1, once it has begun. */
    private Run awaitRun(int number) throws IOException {
        Processes.await("run " + number, () -> {
            try {
                return runs().size() >= number;
            } catch (IOException | RuntimeException half) {
                return false;
            }
        });
        return runs().get(number - 1);
    }

    private void assertNeverTwice() {
        assertThat(directory.resolve("twice")).doesNotExist();
    }

    private static void awaitGone(Run run) {
        Processes.await("the command is gone", () -> !Processes.isRunning(run.pid));
        Processes.await("its child is gone", () -> !Processes.isRunning(run.child));
    }

    // ---- without faults ----

    @Test
    void givesTheCommandItsLeadershipItsInputAndReturnsItsCode() throws IOException {
        Path input = Files.writeString(directory.resolve("input"), "from the input\n");
        Ha ha = setup.withInput(input)
                .run(
                        "run",
                        "reports",
                        "--",
                        "sh",
                        "-c",
                        "cat; echo $HA_ELECTION $HA_SESSION_ID $HA_FENCING_TOKEN; exit 7");
        assertThat(ha.exitCode()).as(ha.errors()).isEqualTo(7);
        assertThat(ha.lines()).hasSize(2);
        assertThat(ha.lines().get(0)).isEqualTo("from the input");
        assertThat(ha.lines().get(1)).matches("reports [0-9a-f-]{36} [1-9]\\d*");
    }

    @Test
    void returns127And128PlusSignalAsAShellDoes() {
        assertThat(setup.run("run", "reports", "--", "no-such-command").exitCode())
                .isEqualTo(127);
        assertThat(setup.run("run", "reports", "--", "sh", "-c", "kill -9 $$").exitCode())
                .isEqualTo(137);
    }

    @Test
    void nothingOfTheCommandOutlivesIt() throws IOException {
        Ha ha = start(new String[0], "exit 0");
        Run run = awaitRun(1);
        assertThat(ha.exitCode()).isZero();
        assertThat(Processes.isRunning(run.child)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "HUP"})
    void passesASignalOnWaitsAndReturnsTheCommandsCode(String signal) throws IOException {
        Ha ha = startAfter("trap 'exit 5' " + signal);
        Run run = awaitRun(1);
        ha.signal(signal);
        assertThat(ha.exitCode()).isEqualTo(5);
        awaitGone(run);
    }

    @Test
    void killsACommandThatDoesNotEndWithinCloseTimeout() throws IOException {
        setup.with("HIGH_AVAILABILITY_CLOSE_TIMEOUT", "1 s");
        Ha ha = startAfter("trap '' TERM");
        Run run = awaitRun(1);
        ha.signal("TERM");
        assertThat(ha.exitCode()).isEqualTo(137);
        awaitGone(run);
    }

    @Test
    void aStandbyEndsWithZeroAndNeverStartsTheCommand() throws IOException {
        start();
        awaitRun(1);
        Ha standby = start("-v");
        Processes.await("standby has a watchdog", () -> ProcessHandle.of(standby.pid())
                .map(handle -> handle.children().findAny().isPresent())
                .orElse(false));
        standby.signal("TERM");
        Processes.await("ended", () -> !standby.isAlive());
        assertThat(runs()).hasSize(1);
    }

    @Test
    void standbyRunsTheCommandAfterTheLeadersHasEnded() throws IOException {
        Ha leader = startAfter("trap 'exit 5' TERM");
        Run first = awaitRun(1);
        start();
        leader.signal("TERM");
        Run second = awaitRun(2);
        assertThat(leader.exitCode()).isEqualTo(5);
        assertThat(second.token).isGreaterThan(first.token);
        assertNeverTwice();
    }

    @Test
    void restartRunsItAgainAtTheNextGrant() throws IOException {
        Ha ha = start(new String[] {"-D", "high-availability.resign-wait=100 ms"}, "exit 3", "--restart");
        Run first = awaitRun(1);
        Run third = awaitRun(3);
        assertThat(third.token).isGreaterThan(first.token);
        ha.signal("TERM");
        ha.exitCode();
        assertNeverTwice();
    }

    // ---- faults ----

    @ParameterizedTest
    @ValueSource(strings = {"sleep 1000", "trap '' TERM; sleep 1000"})
    void killedHaTakesItsCommandAlongBeforeTheNextOneStarts(String child) throws IOException {
        setup.with("CHILD", child);
        start();
        Run run = awaitRun(1);
        for (int next = 2; next <= 4; next++) {
            Ha standby = start();
            ProcessHandle.of(run.ha()).orElseThrow().destroyForcibly();
            Run successor = awaitRun(next);
            assertThat(Processes.isRunning(run.pid)).isFalse();
            assertThat(Processes.isRunning(run.child)).isFalse();
            assertThat(successor.ha()).isEqualTo(standby.pid());
            assertThat(successor.token).isGreaterThan(run.token);
            run = successor;
        }
        assertNeverTwice();
    }

    @Test
    void killedWatchdogIsReplacedByHa() throws IOException {
        Ha ha = start();
        Run run = awaitRun(1);
        start();
        ProcessHandle.of(run.watchdog).orElseThrow().destroyForcibly();
        awaitRun(2);
        assertThat(ha.exitCode()).isEqualTo(1);
        assertThat(Processes.isRunning(run.child)).isFalse();
        assertNeverTwice();
    }

    @Test
    void killedWatchdogThatWaitedLeavesTheRunningCommandAlone() throws IOException {
        start(LEASED, "wait");
        Run run = awaitRun(1);
        Ha other = start(LEASED, "wait");
        Processes.await("the other waits", () -> other.errors().contains("waiting for its end"));
        ProcessHandle.of(other.pid()).orElseThrow().children().forEach(ProcessHandle::destroyForcibly);
        assertThat(other.exitCode()).isEqualTo(1);
        assertThat(Processes.isRunning(run.pid)).isTrue();
        assertThat(Processes.isRunning(run.child)).isTrue();
    }

    @Test
    void whenHaAndItsWatchdogAreKilledTheSuccessorEndsTheirCommandFirst() throws IOException {
        start();
        Run run = awaitRun(1);
        start();
        long ha = run.ha();
        ProcessHandle.of(run.watchdog).orElseThrow().destroyForcibly();
        ProcessHandle.of(ha).orElseThrow().destroyForcibly();
        awaitRun(2);
        assertThat(Processes.isRunning(run.pid)).isFalse();
        assertThat(Processes.isRunning(run.child)).isFalse();
        assertNeverTwice();
    }

    @Test
    void stoppedHaWithoutALeaseKeepsItsLockAndItsCommand() throws IOException {
        Ha leader = start();
        Run run = awaitRun(1);
        Ha standby = start();
        leader.signal("STOP");
        Processes.letPass(Duration.ofSeconds(2));
        assertThat(Processes.isRunning(run.child)).isTrue();
        assertThat(standby.isAlive()).isTrue();
        assertThat(runs()).hasSize(1);
        ProcessHandle.of(leader.pid()).orElseThrow().destroyForcibly();
        awaitRun(2);
        assertThat(Processes.isRunning(run.child)).isFalse();
        assertNeverTwice();
    }

    @Test
    void stoppedHaWithALeaseHasItsCommandKilledBeforeTheLeaseIsOver() throws IOException {
        setup.with("CHILD", "trap '' TERM; sleep 1000");
        Ha ha = start(LEASED, "wait");
        Run run = awaitRun(1);
        long stopped = System.nanoTime();
        ha.signal("STOP");
        awaitGone(run);
        assertThat(System.nanoTime() - stopped).isLessThan(LEASE.toNanos());
    }

    @Test
    void stoppedWatchdogIsReplacedByHaWhenTheLeaseRunsOut() throws IOException {
        Path cut = directory.resolve("cut");
        List<String> options = new ArrayList<>(List.of(LEASED));
        options.addAll(List.of("-D", "high-availability.leased.cut=" + cut));
        start(options.toArray(String[]::new), "wait");
        Run run = awaitRun(1);
        Processes.signal(run.watchdog, "STOP");
        long began = System.nanoTime();
        Files.createFile(cut);
        awaitGone(run);
        assertThat(System.nanoTime() - began).isLessThan(LEASE.toNanos());
    }

    @Test
    void lostLeadershipEndsTheCommandAndRestartRunsItAgain() throws IOException {
        Path cut = directory.resolve("cut");
        List<String> options = new ArrayList<>(List.of(LEASED));
        options.addAll(List.of("-D", "high-availability.leased.cut=" + cut));
        start(options.toArray(String[]::new), "wait", "--restart");
        Run first = awaitRun(1);
        long began = System.nanoTime();
        Files.createFile(cut);
        awaitGone(first);
        assertThat(System.nanoTime() - began).isLessThan(LEASE.toNanos());
        Files.delete(cut);
        Run second = awaitRun(2);
        assertThat(second.token).isGreaterThan(first.token);
        assertNeverTwice();
    }

    @Test
    void evenABackendThatLetsTwoLeadRunsOneCommandOnAMachine() throws IOException {
        Ha one = start(LEASED, "wait");
        Run first = awaitRun(1);
        Ha other = start(LEASED, "wait");
        Processes.await("the other waits", () -> other.errors().contains("waiting for its end"));
        assertThat(other.errors()).contains("process " + first.pid);
        assertThat(runs()).hasSize(1);
        one.signal("TERM");
        awaitRun(2);
        assertNeverTwice();
    }

    /** A lock of another name would keep nobody out. */
    @Test
    void theDefaultDirectoryOfModeFileAndItsNameAreOnePlace() throws IOException {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        setup.withJava("-Djava.io.tmpdir=" + temporary).without("HIGH_AVAILABILITY_FILE_DIRECTORY");
        assertThat(setup.run("run", "reports", "--", "true").exitCode()).isZero();
        try (Stream<Path> all = Files.list(temporary)) {
            List<Path> made = all.toList();
            assertThat(made).hasSize(1);
            setup.with("HIGH_AVAILABILITY_FILE_DIRECTORY", made.get(0).toString());
            assertThat(setup.run("run", "reports", "--", "true").exitCode()).isZero();
        }
        try (Stream<Path> locks = Files.list(directory.resolve("run"))) {
            assertThat(locks).hasSize(1);
        }
    }
}
