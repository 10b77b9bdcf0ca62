package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What happens to a session, its nodes and its connection, besides what the TCK does to every backend. */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class SessionFaultsTest {
    private static final Map<String, String> SHORT =
            Map.of("client.session-timeout", "6 s", "client.connection-timeout", "3 s", "client.retry-wait", "100 ms");
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

    /** Takes over the session of each process of the cluster, as the server makes its password of its id, and closes it: an expiry on demand. */
    private void expire(String cluster) throws Exception {
        List<String> members = raw.getChildren("/flink/" + cluster + "/members", false);
        assertThat(members).isNotEmpty();
        for (String member : members) {
            long id = Long.parseUnsignedLong(member, 16);
            byte[] password = new byte[16];
            new Random(id ^ 0XB3415C00L).nextBytes(password);
            CountDownLatch connected = new CountDownLatch(1);
            ZooKeeper twin = new ZooKeeper(
                    server.connectString(),
                    6_000,
                    event -> {
                        if (event.getState() == KeeperState.SyncConnected) {
                            connected.countDown();
                        }
                    },
                    id,
                    password);
            assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
            twin.close();
        }
    }

    @Test
    void anExpiredSessionIsReplacedAgainAndAgain() throws Exception {
        try (Node node = new Node(server.connectString(), "expiry", SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            for (int round = 0; round < 3; round++) {
                Leadership led = contender.granted();
                led.confirm("a" + round).toCompletableFuture().get(60, TimeUnit.SECONDS);
                listener.await("a" + round);
                expire("expiry");
                assertThat(contender.revoked()).isSameAs(led);
            }
            contender.granted();
        }
    }

    @Test
    void aParentThatIsReapedComesBack() throws Exception {
        try (Node node = new Node(server.connectString(), "reaped", SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            for (String path : List.of("/flink/reaped/elections/x", "/flink/reaped/elections", "/flink/reaped")) {
                contender.confirmed(path); // while the wipe goes on it takes later leaderships too
                listener.await(path);
                wipe(path);
                contender.revoked();
            }
            contender.confirmed("last");
            listener.await("last");
        }
    }

    private void wipe(String path) throws Exception {
        while (true) {
            try {
                ZKUtil.deleteRecursive(raw, path);
                return;
            } catch (KeeperException.NotEmptyException | KeeperException.NoNodeException comeBack) {
                // Somebody makes nodes again while they are deleted.
            }
        }
    }

    @Test
    void whoeverTouchesACandidateBreaksItsFenceAndEndsIt() throws Exception {
        try (Node node = new Node(server.connectString(), "touched", SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            String candidate = raw.getChildren("/flink/touched/elections/x", false).stream()
                    .filter(child -> child.startsWith("c-"))
                    .findFirst()
                    .orElseThrow();
            raw.setData("/flink/touched/elections/x/" + candidate, new byte[0], -1);
            contender.revoked();
            assertThat(contender.granted().fencingToken()).isGreaterThan(led.fencingToken());
        }
    }

    @Test
    void aWaitingCandidateKeepsItsPlaceThroughALostConnectionAndALeaderLosesIt() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                Node leading = new Node(server.connectString(), "suspended", SHORT);
                Node waiting = new Node(address(proxy), "suspended", SHORT)) {
            leading.contend("x").granted();
            TestContender patient = waiting.contend("x");
            Leadership other = waiting.contend("y").granted();
            String place = last("/flink/suspended/elections/x");
            String old = last("/flink/suspended/elections/y");
            proxy.hangUp();
            Waiting.until(() -> !other.isValid(), () -> "the end of the grant");
            Waiting.until(
                    () -> !last("/flink/suspended/elections/y").equals(old),
                    () -> "another candidate in place of the old");
            assertThat(last("/flink/suspended/elections/x")).isEqualTo(place);
            leading.leave();
            patient.granted();
        }
    }

    private static String address(FaultProxy proxy) {
        return "127.0.0.1:" + proxy.address().getPort();
    }

    private String last(String election) throws Exception {
        return raw.getChildren(election, false).stream()
                .filter(child -> child.startsWith("c-"))
                .max((a, b) -> a.substring(a.length() - 10).compareTo(b.substring(b.length() - 10)))
                .orElseThrow();
    }

    @Test
    void aToleratedDisconnectionKeepsTheGrantUntilItsDeadlineAndNoLonger() throws Exception {
        Map<String, String> tolerant = Map.of(
                "client.session-timeout", "6 s",
                "client.connection-timeout", "3 s",
                "client.tolerate-suspended-connections", "true");
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                Node node = new Node(address(proxy), "tolerant", tolerant)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            led.confirm("a").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestListener listener = node.follow("x");
            listener.await("a");
            proxy.hangUp();
            TimeUnit.SECONDS.sleep(2);
            assertThat(led.isValid()).isTrue();
            assertThat(listener.seen()).hasSize(1);
            long cutAt = System.nanoTime();
            proxy.partition();
            assertThat(Waiting.validFor(led, cutAt)).isLessThan(Duration.ofMillis(4_100));
            contender.revoked();
            assertThat(Duration.ofNanos(System.nanoTime() - cutAt))
                    .as("told before the lease is over, and anybody else may lead")
                    .isLessThan(Duration.ofSeconds(6));
            listener.await(LeaderInformation.Unknown.class);
            proxy.resume();
            contender.granted();
        }
    }

    @Test
    void soManyCandidatesThatTheClosingOfTheirSessionCouldNotCarryThemTakeAFurtherSession() throws Exception {
        int elections = 2_500;
        String name = "long".repeat(40);
        try (Node node = new Node(server.connectString(), "many", Map.of("client.session-timeout", "30 s"))) {
            List<TestContender> contenders = new ArrayList<>();
            for (int i = 0; i < elections; i++) {
                contenders.add(node.contend(name + i));
            }
            for (TestContender contender : contenders) {
                contender.granted();
            }
            Map<Long, Integer> bytes = new HashMap<>();
            for (String election : raw.getChildren("/flink/many/elections", false)) {
                String path = "/flink/many/elections/" + election;
                for (String child : raw.getChildren(path, false)) {
                    if (child.startsWith("c-")) {
                        String candidate = path + "/" + child;
                        long owner = raw.exists(candidate, false).getEphemeralOwner();
                        bytes.merge(owner, candidate.length(), Integer::sum);
                    }
                }
            }
            assertThat(bytes).hasSize(2);
            assertThat(bytes.values()).allMatch(sum -> sum <= 512 * 1024);
            assertThat(raw.getChildren("/flink/many/members", false)).hasSize(2);
        }
        assertThat(raw.getChildren("/flink/many/members", false)).isEmpty();
    }

    @Test
    void anUnknownHostHangsNobodyAndIsNamed() throws Exception {
        try (Node node = new Node("no-such-host.invalid:2181", "unknown", SHORT)) {
            long began = System.nanoTime();
            TestContender contender = node.contend("x");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(2));
            Waiting.until(() -> contender.lastError() != null, () -> "an error");
            assertThat(contender.lastError())
                    .isInstanceOfSatisfying(UnavailableException.class, error -> assertThat(error.reason())
                            .isEqualTo(Reason.CONNECTION_LOST))
                    .hasMessageContaining("no-such-host.invalid");
            assertThat(node.services().diagnose()).anyMatch(diagnosis -> !diagnosis.passed());
        }
    }
}
