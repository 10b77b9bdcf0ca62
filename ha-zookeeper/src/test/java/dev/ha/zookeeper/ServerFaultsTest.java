package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What happens to the servers, as processes of their own (rules 1.1, 1.3, 2.4, 9). */
class ServerFaultsTest {
    private static final Duration SESSION = Duration.ofSeconds(4);
    private static final Map<String, String> SHORT = Map.of(
            "client.session-timeout", SESSION.toMillis() + " ms",
            "client.connection-timeout", "3 s",
            "client.retry-wait", "100 ms",
            "client.ensemble-tracker", "false");

    private static void letPass(Duration time) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
    }

    @Test
    void aServerThatIsKilledAndRestartedCostsNothingForGood() throws Exception {
        try (ServerProcesses servers = ServerProcesses.start(1);
                Node node = new Node(servers.connectString(), "restart", SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            long token = 0;
            for (int round = 0; round < 3; round++) {
                Leadership led = contender.granted();
                assertThat(led.fencingToken()).isGreaterThan(token);
                token = led.fencingToken();
                led.confirm("a" + round).toCompletableFuture().get(10, TimeUnit.SECONDS);
                listener.await("a" + round);
                servers.get(0).kill();
                contender.revoked();
                listener.await(LeaderInformation.Unknown.class);
                servers.get(0).start();
                servers.get(0).awaitServing();
            }
            contender.granted();
        }
    }

    @Test
    void theServerOfALeaderStoppedForLongerThanTheSession() throws Exception {
        try (ServerProcesses servers = ServerProcesses.start(3)) {
            // Once the ensemble's leader, once a follower: the process's only server, so that it can go nowhere else.
            stopServerOfLeader(servers, servers.leader(), "leader");
            ServerProcesses.Server leader = servers.leader();
            ServerProcesses.Server follower = servers.all().stream()
                    .filter(server -> server != leader)
                    .findFirst()
                    .orElseThrow();
            stopServerOfLeader(servers, follower, "follower");
        }
    }

    private static void stopServerOfLeader(ServerProcesses servers, ServerProcesses.Server victim, String cluster)
            throws Exception {
        String only = victim.address().getHostString() + ":" + victim.address().getPort();
        String others = servers.connectString();
        try (Node bound = new Node(only, cluster, SHORT);
                Node free = new Node(others, cluster, SHORT)) {
            TestContender a = bound.contend("x");
            Leadership led = a.granted();
            TestContender b = free.contend("x");
            letPass(Duration.ofSeconds(1));
            try (Overlap overlap = new Overlap(a, b)) {
                victim.pause();
                Leadership next = b.granted();
                assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
                letPass(SESSION.dividedBy(2));
                victim.resume();
                letPass(SESSION.multipliedBy(2));
                assertThat(overlap.seen()).isEmpty();
                assertThat(led.isValid()).isFalse();
            }
            victim.awaitServing();
        }
    }

    @Test
    void aQuorumThatIsLostAndRegained() throws Exception {
        try (ServerProcesses servers = ServerProcesses.start(3);
                Node first = new Node(servers.connectString(), "quorum", SHORT);
                Node second = new Node(servers.connectString(), "quorum", SHORT)) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            TestContender b = second.contend("x");
            try (Overlap overlap = new Overlap(a, b)) {
                servers.get(0).kill();
                servers.get(1).kill();
                a.revoked();
                assertThat(led.isValid()).isFalse();
                letPass(SESSION.multipliedBy(2));
                servers.get(0).start();
                servers.get(1).start();
                Waiting.until(
                        () -> a.all.size() + b.all.size() > 1
                                && Stream.concat(a.all.stream(), b.all.stream()).anyMatch(Leadership::isValid),
                        () -> "a leader, errors " + a.errors + b.errors);
                assertThat(overlap.seen()).isEmpty();
            }
        }
    }

    @Test
    void anEnsembleThatIsWipedOrRestoredFromABackup() throws Exception {
        try (ServerProcesses servers = ServerProcesses.start(1);
                Node node = new Node(servers.connectString(), "restore", SHORT)) {
            ServerProcesses.Server server = servers.get(0);
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            Leadership first = contender.granted();
            first.confirm("first").toCompletableFuture().get(10, TimeUnit.SECONDS);
            listener.await("first");

            server.kill();
            Path backup = server.home().resolve("backup");
            copy(server.home().resolve("version-2"), backup);
            server.start();
            Leadership second = contender.granted();
            assertThat(second.fencingToken()).isGreaterThan(first.fencingToken());
            second.confirm("second").toCompletableFuture().get(10, TimeUnit.SECONDS);
            listener.await("second");
            for (int i = 0; i < 20; i++) {
                node.contend("other-" + i).granted(); // a larger zxid than the backup's
            }

            server.kill();
            remove(server.home().resolve("version-2"));
            copy(backup, server.home().resolve("version-2"));
            server.start();
            Leadership third = contender.granted();
            assertThat(third.historyId()).isEqualTo(first.historyId());
            third.confirm("third").toCompletableFuture().get(10, TimeUnit.SECONDS);
            listener.await("third");

            server.kill();
            remove(server.home().resolve("version-2"));
            server.start();
            Leadership fourth = contender.granted();
            assertThat(fourth.historyId()).isNotEqualTo(first.historyId());
            fourth.confirm("fourth").toCompletableFuture().get(10, TimeUnit.SECONDS);
            listener.await("fourth");
            assertThat(listener.seen).anyMatch(told -> told.reason() == Reason.HISTORY_RESET);
            assertThat(node.services().health().detail()).contains("wiped or restored");
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }
}
