package dev.ha.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** {@code ha demo}: what it is about, in less than half a minute. */
@Command(
        name = "demo",
        description =
                "Shows what this is about: three processes contend, the leader is killed twice, and each time another "
                        + "one takes over. Needs no server and no configuration, and leaves nothing behind.")
final class DemoCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;
    private static final int KILLS = 2;
    private static final Duration LIMIT = Duration.ofSeconds(25);
    private static final Duration TO_READ = Duration.ofSeconds(2);

    @ParentCommand
    private Main main;

    @Override
    public Integer call() throws Failure, IOException, InterruptedException {
        Stop stop = Stop.onSignalsAndEndOf(main.output());
        Path directory = Files.createTempDirectory("ha-demo");
        try (DemoContest contest = new DemoContest(directory, new DemoTable(main.output(), Output.isTerminal()))) {
            play(contest, stop);
        } finally {
            delete(directory);
        }
        return stop.isAsked() ? INTERRUPTED : 0;
    }

    private static void play(DemoContest contest, Stop stop) throws Failure, IOException, InterruptedException {
        long until = System.nanoTime() + LIMIT.toNanos();
        contest.say("Three processes contend for one leadership. Mode file: the lock is one of the operating system.");
        contest.start("anna");
        contest.start("bert");
        contest.start("cleo");
        DemoContest.Lead lead = contest.awaitLeader(until, stop);
        List<String> takeovers = new ArrayList<>();
        for (int kill = 0; kill < KILLS && !stop.await(TO_READ); kill++) {
            contest.say("kill -9 " + lead.pid() + ": " + lead.name() + " can't say goodbye.");
            long killedAt = System.nanoTime();
            contest.kill(lead.name());
            DemoContest.Lead next = contest.awaitLeader(until, stop);
            if (stop.isAsked()) {
                return;
            }
            String took = String.format(Locale.ROOT, "%.1f ms", (next.since() - killedAt) / 1e6);
            takeovers.add(took);
            contest.say(next.name() + " took over after " + took + "; its token " + next.token() + " is greater than "
                    + lead.token() + ", so whoever compares tokens refuses " + lead.name() + " from now on.");
            contest.start(lead.name());
            lead = next;
        }
        if (!stop.await(TO_READ)) {
            contest.say("Leaders killed: " + takeovers.size() + "; takeovers: " + String.join(", ", takeovers)
                    + ". Now try ha elect, ha watch and ha run: ha --help");
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException gone) {
            // somebody else was faster
        }
    }
}
