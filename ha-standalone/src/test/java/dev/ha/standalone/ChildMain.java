package dev.ha.standalone;

import dev.ha.Reason;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.Grant;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.tck.support.TestContext;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Another process of a test: one backend of mode file that does what it is told on its standard input, one command a line, and tells what happens on its standard
 * output, one event a line with the time in microseconds.
 */
final class ChildMain {
    private final HighAvailabilityBackend backend;
    private volatile @Nullable LeaderElectionDriver driver;
    private volatile @Nullable Grant grant;

    private ChildMain(String directory) {
        backend = new FileBackendFactory()
                .create(
                        new TestContext(
                                "high-availability.file.",
                                FileServices.CLUSTER,
                                Map.of("high-availability.file.directory", directory)) {
                            @Override
                            public void disconnected(Reason reason, Throwable cause) {
                                say("disconnected " + reason);
                            }
                        });
    }

    public static void main(String[] arguments) throws IOException {
        ChildMain child = new ChildMain(arguments[0]);
        say("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            child.obey(line.split(" ", -1));
        }
        Runtime.getRuntime().halt(0);
    }

    private void obey(String[] command) {
        switch (command[0]) {
            case "elect" -> driver = backend.elect(new Candidate(command[1]));
            case "follow" -> backend.retrieve(new Follower(command[1]));
            case "publish" ->
                answer(
                        "published",
                        open().publish(Map.of(
                                "leader", new LeaderRecord(won().sessionId(), won().fencingToken(), command[1]))));
            case "create" ->
                answer("created", open().write(Change.create(command[1], command[2].getBytes(StandardCharsets.UTF_8))));
            case "close" -> answer("closed", open().close());
            case "drop" -> drop(Path.of(command[1]));
            case "disconnect" -> answer("disconnected", backend.close());
            default -> throw new IllegalArgumentException(command[0]);
        }
    }

    /** What code must never do that shares a JVM with this library: the lock is gone, and nobody here notices (SAFETY F1). */
    private static void drop(Path lockFile) {
        try {
            FileChannel.open(lockFile).close();
            say("dropped");
        } catch (IOException failure) {
            say("failed " + failure);
        }
    }

    private LeaderElectionDriver open() {
        LeaderElectionDriver open = driver;
        if (open == null) {
            throw new IllegalStateException("no candidacy");
        }
        return open;
    }

    private Grant won() {
        Grant won = grant;
        if (won == null) {
            throw new IllegalStateException("not granted");
        }
        return won;
    }

    private static void answer(String event, CompletionStage<?> stage) {
        CompletionStage<?> unused =
                stage.whenComplete((done, failure) -> say(failure == null ? event : "failed " + failure));
    }

    private static synchronized void say(String event) {
        System.out.println(ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()) + " " + event);
        System.out.flush();
    }

    private final class Candidate implements Candidacy {
        private final String election;

        Candidate(String election) {
            this.election = election;
        }

        @Override
        public String election() {
            return election;
        }

        @Override
        public void granted(Grant won) {
            grant = won;
            say("granted " + won.fencingToken());
        }

        @Override
        public void recordsSeen(Map<String, LeaderRecord> records) {}

        @Override
        public void joined(Lease lease) {}

        @Override
        public void ended(Reason reason, @Nullable Throwable cause) {
            say("ended " + reason);
        }
    }

    private static final class Follower implements Following {
        private final String election;

        Follower(String election) {
            this.election = election;
        }

        @Override
        public String election() {
            return election;
        }

        @Override
        public void seen(ElectionState state) {
            LeaderRecord leader = state.records().get("leader");
            say("seen " + state.holderToken() + " " + (leader == null ? "nobody" : leader.address()));
        }

        @Override
        public void unknown(Reason reason, @Nullable Throwable cause) {
            say("unknown " + reason);
        }
    }
}
