package dev.ha.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A process of its own between {@code ha run} and its command: starts the command once, and ends it when {@code ha}
 * says so, when {@code ha} is gone or silent until the lease runs out. See docs/decisions/0003-ha-run-watchdog.md.
 *
 * <p>It hears, one a line: {@code run SESSION TOKEN}, {@code until NANOS} (the lease ends then; none: there is no
 * lease), {@code signal NAME}, {@code stop NANOS} (end the command, kill it then). It says {@code ready NANOS}, {@code
 * waiting}, {@code cleared PID}, {@code started PID}, and one of {@code exited CODE}, {@code unstarted} and {@code
 * failed WHY}; then it ends.
 */
final class Watchdog {
    /**
     * Waits for permission, becomes the command, and gives it the standard input of the watchdog, as its own had been
     * used for the permission.
     */
    private static final String LAUNCHER = """
            read -r go && [ "$go" = go ] || exit 125
            if command exec 3<"/proc/$PPID/fd/0"; then exec <&3 3<&-; else exec </dev/null; fi 2>/dev/null
            exec "$@"
            """;

    private static final long LOOK_AGAIN = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long KILL_AGAIN = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LEFTOVERS_GRACE = TimeUnit.SECONDS.toNanos(1);
    private static final long TOUCH = TimeUnit.HOURS.toNanos(1);

    private enum Phase {
        IDLE,
        LOCKING,
        RUNNING,
        STOPPING,
        DONE
    }

    private final LineSocket ha;
    private final Path lockFile;
    private final Path recordFile;
    private final String election;
    private final List<String> command;
    private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>();

    // Of the thread that runs the events.
    private Phase phase = Phase.IDLE;
    private String sessionId = "";
    private String token = "";
    private @Nullable StopPlan plan;
    private long killAt;
    private long killedAt;
    private @Nullable RunLock lock;
    private @Nullable Process process;
    private @Nullable ProcessSession session;
    private boolean exited;

    private Watchdog(LineSocket ha, Path lockFile, String election, List<String> command) {
        this.ha = ha;
        this.lockFile = lockFile;
        this.recordFile = recordFile(lockFile);
        this.election = election;
        this.command = command;
    }

    /** Where the command that runs under {@code lockFile} is recorded. */
    static Path recordFile(Path lockFile) {
        return lockFile.resolveSibling(lockFile.getFileName() + ".command");
    }

    /** Arguments: socket, lock file, election, command and its arguments. */
    public static void main(String[] args) throws InterruptedException {
        // What a terminal or a service manager sends to all of its processes is meant for ha, which passes it on.
        for (String signal : List.of("TERM", "INT", "HUP")) {
            Signals.handle(signal, () -> {});
        }
        SocketChannel channel;
        try {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(args[0]));
        } catch (IOException gone) {
            return; // ha was killed just now
        }
        Watchdog watchdog = new Watchdog(
                new LineSocket(channel),
                Path.of(args[1]),
                args[2],
                List.of(args).subList(3, args.length));
        watchdog.rehearse();
        Thread reader = new Thread(watchdog::read, "from-ha");
        reader.setDaemon(true);
        reader.start();
        watchdog.say("ready " + System.nanoTime());
        watchdog.work();
        System.exit(0);
    }

    /** Loads now what killing needs, and finds out now if it can't be done. */
    private void rehearse() {
        ProcessSession none = new ProcessSession(Integer.MAX_VALUE);
        none.signal("CONT");
        none.kill();
    }

    private void read() {
        for (String line = ha.receive(); line != null; line = ha.receive()) {
            List<String> words = Arrays.asList(line.split(" ", -1));
            events.add(() -> heard(words));
        }
        events.add(this::haIsGone);
    }

    private void say(String line) {
        try {
            ha.send(line);
        } catch (IOException gone) {
            // The reader hears it, too.
        }
    }

    private void work() throws InterruptedException {
        long touched = System.nanoTime();
        while (phase != Phase.DONE) {
            Runnable event = events.poll(untilNextLook(), TimeUnit.NANOSECONDS);
            if (event != null) {
                event.run();
            }
            look(System.nanoTime());
            if (System.nanoTime() - touched > TOUCH) {
                touched = System.nanoTime();
                touch();
            }
        }
    }

    private long untilNextLook() {
        long now = System.nanoTime();
        StopPlan limit = plan;
        if (phase == Phase.STOPPING) {
            return exited || killedAt != 0 ? LOOK_AGAIN : Math.max(1, killAt - now);
        }
        return phase == Phase.RUNNING && limit != null
                ? Math.max(1, Math.min(TOUCH, limit.terminateAt() - now))
                : TOUCH;
    }

    private void look(long now) {
        StopPlan limit = plan;
        if (phase == Phase.RUNNING && exited) {
            if (started().isEmpty()) {
                finish();
            } else {
                stop(now + LEFTOVERS_GRACE);
            }
        } else if (phase == Phase.RUNNING && limit != null && limit.terminateAt() - now <= 0) {
            stop(limit.killAt());
        }
        if (phase == Phase.STOPPING) {
            if (exited && started().isEmpty()) {
                finish();
            } else if (killAt - now <= 0 && (killedAt == 0 || now - killedAt > KILL_AGAIN)) {
                killedAt = now;
                started().kill();
            }
        }
    }

    private void heard(List<String> words) {
        switch (words.get(0)) {
            case "run" -> run(words.get(1), words.get(2));
            case "until" -> plan = StopPlan.beforeEndOf(Long.parseLong(words.get(1)), System.nanoTime());
            case "signal" -> signal(words.get(1));
            case "stop" -> stop(Long.parseLong(words.get(1)));
            default -> throw new IllegalStateException("ha said " + words);
        }
    }

    private void haIsGone() {
        StopPlan limit = plan;
        long graceful = System.nanoTime() + StopPlan.GRACE;
        stop(limit == null ? graceful : StopPlan.earlier(graceful, limit.killAt()));
    }

    private void run(String session, String fencingToken) {
        sessionId = session;
        token = fencingToken;
        phase = Phase.LOCKING;
        Thread locker = new Thread(this::lock, "run-lock");
        locker.setDaemon(true);
        locker.start();
    }

    private void lock() {
        try {
            RunLock taken = RunLock.acquire(lockFile, () -> say("waiting"));
            Optional<ProcessSession> left = RunRecord.read(recordFile).flatMap(RunRecord::left);
            left.ifPresent(orphan -> {
                // Its watchdog was killed, and it leads no more: its successor is asking.
                orphan.killAndWait();
                say("cleared " + orphan.id());
            });
            events.add(() -> locked(taken));
        } catch (IOException | RuntimeException failure) {
            events.add(() -> fail("can't lock " + lockFile + ": " + failure));
        }
    }

    private void locked(RunLock taken) {
        lock = taken;
        StopPlan limit = plan;
        if (phase != Phase.LOCKING || (limit != null && limit.terminateAt() - System.nanoTime() <= 0)) {
            unstarted();
            return;
        }
        try {
            start();
        } catch (IOException failure) {
            fail("can't start the command: " + failure.getMessage());
        }
    }

    private void start() throws IOException {
        List<String> launcher = new ArrayList<>(List.of("setsid", "/bin/sh", "-c", LAUNCHER, "ha-run"));
        launcher.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(launcher)
                .redirectInput(Redirect.PIPE)
                .redirectOutput(Redirect.INHERIT)
                .redirectError(Redirect.INHERIT);
        builder.environment().put("HA_ELECTION", election);
        builder.environment().put("HA_SESSION_ID", sessionId);
        builder.environment().put("HA_FENCING_TOKEN", token);
        Process launched = builder.start();
        try (OutputStream permission = launched.getOutputStream()) {
            ProcessStat first = ProcessStat.of(launched.pid())
                    .orElseThrow(() -> new IOException(
                            "it ended at once, with " + launched.onExit().join().exitValue()));
            // Before the command can do anything, so that no command ever runs that nobody could find.
            RunRecord.of(first, "HA_SESSION_ID=" + sessionId).write(recordFile);
            permission.write("go\n".getBytes(StandardCharsets.US_ASCII));
        }
        process = launched;
        session = new ProcessSession(launched.pid());
        phase = Phase.RUNNING;
        var unused = launched.onExit().thenRun(() -> events.add(() -> exited = true));
        say("started " + launched.pid());
    }

    private ProcessSession started() {
        if (session == null) {
            throw new IllegalStateException("no command in phase " + phase);
        }
        return session;
    }

    private void signal(String name) {
        if (phase == Phase.RUNNING || phase == Phase.STOPPING) {
            started().signal(name);
        } else {
            unstarted();
        }
    }

    /** Ends the command: asked now, killed at {@code limit}, whichever limit is the earliest. */
    private void stop(long limit) {
        switch (phase) {
            case RUNNING -> {
                phase = Phase.STOPPING;
                killAt = limit;
                started().terminate();
            }
            case STOPPING -> killAt = StopPlan.earlier(killAt, limit);
            case IDLE, LOCKING -> unstarted();
            case DONE -> {}
        }
    }

    private void finish() {
        int code = process == null ? Main.FAILED : process.exitValue();
        release();
        say("exited " + code);
        phase = Phase.DONE;
    }

    private void unstarted() {
        release();
        say("unstarted");
        phase = Phase.DONE;
    }

    private void fail(String why) {
        release();
        say("failed " + why.replace('\n', ' '));
        phase = Phase.DONE;
    }

    /** Lets the next command start: everything of this one is gone. */
    private void release() {
        RunLock held = lock;
        if (held == null) {
            return;
        }
        try (held) {
            Files.deleteIfExists(recordFile);
        } catch (IOException kept) {
            // The next one finds a record of processes that are gone, and the lock is freed by our exit.
        }
    }

    private void touch() {
        RunLock held = lock;
        if (held != null) {
            try {
                held.touch(Clock.systemUTC());
            } catch (IOException tooOld) {
                say("failed-touch " + tooOld.getMessage());
            }
        }
    }
}
