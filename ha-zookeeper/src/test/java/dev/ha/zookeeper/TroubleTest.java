package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Health;
import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.UnavailableException;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Who hears of trouble, and that nobody else does. */
@TestInstance(Lifecycle.PER_CLASS)
class TroubleTest {
    private static final Map<String, String> QUICK =
            Map.of("client.session-timeout", "10 s", "client.connection-timeout", "2 s", "client.retry-wait", "100 ms");
    private InJvmServers server;
    private ZooKeeper raw;

    @BeforeAll
    void start() throws Exception {
        server = InJvmServers.start(1);
        CountDownLatch connected = new CountDownLatch(1);
        raw = new ZooKeeper(server.connectString(), 30_000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @AfterAll
    void stop() throws Exception {
        raw.close();
        server.close();
    }

    @Test
    void aServerThatNeverAnswersIsReportedLongBeforeTheSessionTimeout() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Node node = new Node(
                        "127.0.0.1:" + silent.getLocalPort(),
                        "silent",
                        Map.of("client.session-timeout", "1 h", "client.connection-timeout", "1 s"))) {
            TestContender contender = node.contend("x");
            Waiting.until(
                    () -> contender.lastError() instanceof UnavailableException, () -> "an error of the contender");
            assertThat(contender.errors().get(0)).hasMessageContaining("no connection within 1000 ms");
            assertThat(node.services().health().status()).isEqualTo(Health.Status.DOWN);
        }
    }

    @Test
    void aChrootThatIsMissingIsToldAndHealsWhenItIsMade() throws Exception {
        try (Node node = new Node(server.connectString() + "/missing", "chroot", QUICK)) {
            TestContender contender = node.contend("x");
            Waiting.until(() -> contender.lastError() != null, () -> "an error of the contender");
            assertThat(contender.errors().get(0)).hasMessageContaining("NONODE");
            assertThat(node.services().diagnose())
                    .anyMatch(diagnosis ->
                            !diagnosis.passed() && diagnosis.detail().contains("NONODE"));
            raw.create("/missing", new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            contender.granted();
            assertThat(node.services().health().status()).isEqualTo(Health.Status.UP);
        }
    }

    @Test
    void anElectionThatIsRefusedIsToldOnceAndLeavesTheOthersAlone() throws Exception {
        try (Node node = new Node(server.connectString(), "refused", QUICK)) {
            TestContender leader = node.contend("fine");
            leader.granted().confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestListener fine = node.follow("fine");
            fine.await("here");
            raw.create(
                    "/flink/refused/elections/foreign",
                    new byte[0],
                    Collections.singletonList(new ACL(ZooDefs.Perms.ADMIN, ZooDefs.Ids.ANYONE_ID_UNSAFE)),
                    CreateMode.PERSISTENT);
            TestListener foreign = node.follow("foreign");
            Waiting.until(() -> !foreign.errors().isEmpty(), () -> "an error of the follower");
            fine.await("here");
            int heard = fine.seen().size();
            int errors = leader.errors().size();
            TimeUnit.SECONDS.sleep(2); // while it tries again and again
            assertThat(fine.seen())
                    .as("what the other election's follower heard")
                    .hasSize(heard);
            assertThat(leader.errors())
                    .as("what the other election's contender heard")
                    .hasSize(errors);
            assertThat(fine.seen().get(heard - 1)).isInstanceOf(LeaderInformation.Leader.class);
            assertThat(node.services().health().status()).isEqualTo(Health.Status.DOWN);
            raw.setACL("/flink/refused/elections/foreign", ZooDefs.Ids.OPEN_ACL_UNSAFE, -1);
            Waiting.until(
                    () -> node.services().health().status() == Health.Status.UP,
                    () -> "health to be up, is " + node.services().health());
            fine.await("here");
        }
    }

    @Test
    void aFollowerThatIsClosedLeavesNoWatchAtTheServer() throws Exception {
        try (ServerProcesses servers = ServerProcesses.start(1);
                Node node = new Node(servers.connectString(), "watches", QUICK)) {
            TestContender contender = node.contend("kept");
            contender.granted();
            Waiting.until(() -> watches(servers) > 0, () -> "the watches of a candidate");
            long before = watches(servers);
            List<LeaderRetrievalService> followers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                LeaderRetrievalService follower = node.services().leaderRetrieval("x" + i);
                followers.add(follower);
                follower.start(new TestListener());
            }
            Waiting.until(() -> watches(servers) >= before + 20, () -> "the watches of followers");
            followers.forEach(LeaderRetrievalService::close);
            Waiting.until(() -> watches(servers) == before, () -> "no more watches than " + before);
        }
    }

    private static long watches(ServerProcesses servers) throws IOException {
        return servers.get(0)
                .ask("mntr")
                .lines()
                .filter(line -> line.startsWith("zk_watch_count"))
                .mapToLong(line ->
                        Long.parseLong(line.substring("zk_watch_count".length()).strip()))
                .sum();
    }

    @Test
    void closingDoesNotGiveAwayTheLockOfAContenderThatStillWorks() throws Exception {
        HighAvailabilityServices closing = HighAvailability.create(Map.of(
                "high-availability.mode", "zookeeper",
                "high-availability.cluster-id", "busy",
                "high-availability.close-timeout", "500 ms",
                "high-availability.zookeeper.quorum", server.connectString(),
                "high-availability.zookeeper.client.session-timeout", "9 s"));
        CountDownLatch returned = new CountDownLatch(1);
        CountDownLatch granted = new CountDownLatch(1);
        closing.leaderElection("x").start(new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                granted.countDown();
            }

            @Override
            public void revokeLeadership(Leadership leadership) {
                try {
                    returned.await();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void handleError(HighAvailabilityException error) {}
        });
        assertThat(granted.await(60, TimeUnit.SECONDS)).isTrue();
        try (Node standby = new Node(server.connectString(), "busy", QUICK)) {
            TestContender next = standby.contend("x");
            Waiting.until(
                    () -> raw.getChildren("/flink/busy/elections/x", false).stream()
                                    .filter(child -> child.startsWith("c-"))
                                    .count()
                            == 2,
                    () -> "two candidates");
            long memberships = raw.getChildren("/flink/busy/members", false).size();
            closing.close();
            assertThat(raw.getChildren("/flink/busy/members", false)).hasSize((int) memberships);
            assertThat(next.isGranted()).isFalse();
            next.granted(); // when the session has run out
            returned.countDown();
        }
    }
}
