package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.support.Overlap;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What happens to the servers (rules 1.1, 1.3, 2.4, 9). */
@Tag("once")
class ServerFaultsTest {
    private static final Duration TTL = Duration.ofSeconds(5);
    private static final Map<String, String> SHORT = Map.of("lease-ttl", TTL.toSeconds() + " s");

    private static void letPass(Duration time) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
    }

    @Test
    void aServerThatIsKilledAndRestartedCostsNothingForGood() throws Exception {
        try (EtcdServers servers = EtcdServers.start(1);
                Node node = new Node(servers.endpoints(), "restart", SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            long token = 0;
            for (int round = 0; round < 2; round++) {
                Leadership led = contender.confirmed("a" + round);
                assertThat(led.fencingToken()).isGreaterThan(token);
                token = led.fencingToken();
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
    void theLeaderOfEtcdIsKilledAndNobodyLosesAnything() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3);
                Node first = new Node(servers.endpoints(), "killed", Map.of("lease-ttl", "10 s"));
                Node second = new Node(servers.endpoints(), "killed", Map.of("lease-ttl", "10 s"))) {
            TestContender a = first.contend("x");
            TestContender b = second.contend("x");
            Waiting.until(() -> a.isGranted() || b.isGranted(), () -> "a grant");
            Leadership led = a.isGranted() ? a.granted() : b.granted();
            led.confirm("before").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestListener listener = second.follow("x");
            listener.await("before");
            try (Overlap overlap = new Overlap(a, b)) {
                for (int round = 0; round < 3; round++) {
                    EtcdServers.Server victim = servers.leader();
                    victim.kill();
                    letPass(Duration.ofSeconds(4));
                    victim.start();
                    victim.awaitServing();
                }
                assertThat(overlap.seen()).isEmpty();
            }
            assertThat(led.isValid())
                    .as("a lease outlives a leader change of etcd")
                    .isTrue();
            listener.await("before");
            led.resign();
            Leadership next = a.all().contains(led) ? b.granted() : a.granted();
            next.confirm("after").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("after");
        }
    }

    @Test
    void theLeaderOfEtcdIsKilledUnderAThousandElections() throws Exception {
        int elections = 1_000;
        try (EtcdServers servers = EtcdServers.start(3);
                Node first = new Node(servers.endpoints(), "thousand", Map.of("lease-ttl", "10 s"));
                Node second = new Node(servers.endpoints(), "thousand", Map.of("lease-ttl", "10 s"))) {
            List<TestContender> held = new ArrayList<>();
            List<TestContender> waiting = new ArrayList<>();
            List<TestListener> listeners = new ArrayList<>();
            for (int i = 0; i < elections; i++) {
                held.add(first.contend("e" + i));
            }
            for (TestContender contender : held) {
                contender.granted().confirm("first");
            }
            for (int i = 0; i < elections; i++) {
                waiting.add(second.contend("e" + i));
                listeners.add(second.follow("e" + i));
            }
            for (TestListener listener : listeners) {
                listener.await("first");
            }
            EtcdServers.Server victim = servers.leader();
            victim.kill();
            letPass(Duration.ofSeconds(12)); // longer than the lease
            assertThat(held)
                    .allMatch(contender -> contender.all().size() == 1
                            && contender.all().get(0).isValid());
            assertThat(waiting).noneMatch(TestContender::isGranted);
            victim.start();
            first.leave();
            for (TestContender contender : waiting) {
                contender.granted().confirm("second");
            }
            for (TestListener listener : listeners) {
                listener.await("second");
            }
        }
    }

    @Test
    void theServerOfALeaderStoppedForLongerThanTheLease() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3)) {
            // Once etcd's leader, once a follower: the process's only server, so that it can go nowhere else.
            stopServerOfLeader(servers, servers.leader(), "leader");
            EtcdServers.Server leader = servers.leader();
            EtcdServers.Server follower = servers.all().stream()
                    .filter(server -> server != leader)
                    .findFirst()
                    .orElseThrow();
            stopServerOfLeader(servers, follower, "follower");
        }
    }

    private static void stopServerOfLeader(EtcdServers servers, EtcdServers.Server victim, String cluster)
            throws Exception {
        try (Node bound = new Node(victim.endpoint(), cluster, SHORT);
                Node free = new Node(servers.endpoints(), cluster, SHORT)) {
            TestContender a = bound.contend("x");
            Leadership led = a.granted();
            TestContender b = free.contend("x");
            letPass(Duration.ofSeconds(1));
            try (Overlap overlap = new Overlap(a, b)) {
                victim.pause();
                Leadership next = b.granted();
                assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
                letPass(TTL.dividedBy(2));
                victim.resume();
                letPass(TTL.multipliedBy(2));
                assertThat(overlap.seen()).isEmpty();
                assertThat(led.isValid()).isFalse();
            }
            victim.awaitServing();
        }
    }

    /** SAFETY E1: the leader is stopped, another one takes over, the old one answers what was sent meanwhile. */
    @Test
    void aLeaderOfEtcdThatWakesUpProvesNothing() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3)) {
            for (int round = 0; round < 3; round++) {
                EtcdServers.Server victim = servers.leader();
                try (Node bound = new Node(victim.endpoint(), "wakes-" + round, SHORT);
                        Node free = new Node(servers.endpoints(), "wakes-" + round, SHORT)) {
                    TestContender a = bound.contend("x");
                    a.granted();
                    TestContender b = free.contend("x");
                    letPass(Duration.ofSeconds(1));
                    try (Overlap overlap = new Overlap(a, b)) {
                        victim.pause();
                        letPass(Duration.ofMillis(3_200 + 300L * round)); // about to run out here, and renewed there
                        victim.resume();
                        letPass(TTL.multipliedBy(2));
                        assertThat(overlap.seen()).isEmpty();
                    }
                    Waiting.until(
                            () -> Stream.concat(a.all().stream(), b.all().stream())
                                    .anyMatch(Leadership::isValid),
                            () -> "a leader");
                }
                victim.awaitServing();
            }
        }
    }

    /** SAFETY E1, rule 9.6: there is a server on the wrong side that still talks to its clients. */
    @Test
    void aServerCutOffFromItsPeersLeadsNobody() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3)) {
            cutOff(servers, servers.leader(), "cut-leader");
            EtcdServers.Server leader = servers.leader();
            EtcdServers.Server follower = servers.all().stream()
                    .filter(server -> server != leader)
                    .findFirst()
                    .orElseThrow();
            cutOff(servers, follower, "cut-follower");
        }
    }

    private static void cutOff(EtcdServers servers, EtcdServers.Server victim, String cluster) throws Exception {
        try (Node bound = new Node(victim.endpoint(), cluster, SHORT);
                Node roaming = new Node(servers.endpoints(), cluster, Map.of("lease-ttl", "10 s"));
                Node free = new Node(servers.endpoints(), cluster, SHORT)) {
            TestContender a = bound.contend("x");
            Leadership led = a.granted();
            Leadership elsewhere = roaming.contend("y").granted();
            TestContender b = free.contend("x");
            letPass(Duration.ofSeconds(1));
            try (Overlap overlap = new Overlap(a, b)) {
                servers.isolate(victim, ServerNetwork.Cut.BOTH);
                Leadership next = b.granted();
                assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
                assertThat(led.isValid()).isFalse();
                letPass(TTL);
                servers.heal();
                letPass(TTL.multipliedBy(2));
                assertThat(overlap.seen()).isEmpty();
                assertThat(next.isValid()).isTrue();
                assertThat(elsewhere.isValid())
                        .as("whoever may go to another server loses nothing")
                        .isTrue();
            }
            free.leave();
            a.granted();
        }
    }

    @Test
    void aQuorumThatIsLostAndRegained() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3);
                Node first = new Node(servers.endpoints(), "quorum", SHORT);
                Node second = new Node(servers.endpoints(), "quorum", SHORT)) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            TestContender b = second.contend("x");
            try (Overlap overlap = new Overlap(a, b)) {
                servers.get(0).kill();
                servers.get(1).kill();
                a.revoked();
                assertThat(led.isValid()).isFalse();
                letPass(TTL.multipliedBy(2));
                servers.get(0).start();
                servers.get(1).start();
                Waiting.until(
                        () -> a.all().size() + b.all().size() > 1
                                && Stream.concat(a.all().stream(), b.all().stream())
                                        .anyMatch(Leadership::isValid),
                        () -> "a leader, errors " + a.errors() + b.errors());
                assertThat(overlap.seen()).isEmpty();
            }
        }
    }

    @Test
    void allServersAreRestarted() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3);
                Node first = new Node(servers.endpoints(), "all", SHORT);
                Node second = new Node(servers.endpoints(), "all", SHORT)) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            led.confirm("a").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestContender b = second.contend("x");
            TestListener listener = second.follow("x");
            listener.await("a");
            try (Overlap overlap = new Overlap(a, b)) {
                for (EtcdServers.Server server : servers.all()) {
                    server.kill();
                }
                for (EtcdServers.Server server : servers.all()) {
                    server.start();
                }
                Waiting.until(
                        () -> Stream.concat(a.all().stream(), b.all().stream()).anyMatch(Leadership::isValid),
                        () -> "a leader");
                letPass(TTL);
                assertThat(overlap.seen()).isEmpty();
            }
            first.leave();
            Waiting.until(() -> b.all().stream().anyMatch(Leadership::isValid), () -> "the other one leads");
            Leadership last = b.all().get(b.all().size() - 1);
            last.confirm("b").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("b");
        }
    }

    /**
     * The data that come back have the leader's candidate too, and the one before it leaves first: nothing in the election tells the leader that what it has written
     * since is gone.
     */
    @Test
    void aLeaderWhoseCandidateIsInRestoredDataLeadsNoLonger() throws Exception {
        Map<String, String> patient = Map.of("lease-ttl", "60 s"); // longer than this test waits: nothing runs out
        try (EtcdServers servers = EtcdServers.start(1);
                FaultProxy proxy = FaultProxy.before(servers.addresses().get(0));
                Node first = new Node(servers.endpoints(), "back", patient);
                Node second = new Node("127.0.0.1:" + proxy.address().getPort(), "back", patient)) {
            first.contend("x").confirmed("first");
            TestContender waiting = second.contend("x");
            Waiting.until(() -> candidates(servers).size() == 2, () -> "two candidates, not " + candidates(servers));
            String before = candidates(servers).get(0);
            servers.save();
            first.leave();
            Leadership led = waiting.confirmed("second");
            proxy.cut();
            servers.restore();
            servers.get(0).awaitServing();
            assertThat(candidates(servers)).hasSize(2).contains(before);
            servers.ctl("del", before);
            assertThat(candidates(servers)).hasSize(1);
            proxy.resume();
            assertThat(waiting.revoked()).isSameAs(led);
            assertThat(led.isValid()).isFalse();
            Leadership again = waiting.confirmed("again");
            assertThat(again.fencingToken()).isNotEqualTo(led.fencingToken());
        }
    }

    /** Keys of all candidates for x of the cluster {@code back}, the oldest first. */
    private static List<String> candidates(EtcdServers servers) {
        try {
            return servers.ctl("get", "--prefix", "--keys-only", "--sort-by=CREATE", "/ha/back/elections/x/c/")
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (Exception unreachable) {
            throw new IllegalStateException(unreachable);
        }
    }

    @Test
    void aClusterThatIsRestoredFromABackupOrWiped() throws Exception {
        try (EtcdServers servers = EtcdServers.start(1);
                Node node = new Node(servers.endpoints(), "restore", SHORT)) {
            EtcdServers.Server server = servers.get(0);
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            Leadership first = contender.granted();
            first.confirm("first").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("first");
            Path backup = servers.directory().resolve("backup");
            servers.ctl("snapshot", "save", backup.toString());
            for (int i = 0; i < 20; i++) {
                node.contend("other-" + i).granted(); // a larger revision than the backup's
            }
            first.resign();
            Leadership second = contender.granted();
            second.confirm("second").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("second");

            server.kill();
            remove(server.data());
            servers.ctl("snapshot", "restore", backup.toString(), "--data-dir=" + server.data());
            server.start();
            Leadership third = contender.granted();
            assertThat(third.historyId()).isEqualTo(first.historyId());
            third.confirm("third").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("third");

            server.kill();
            remove(server.data());
            server.start();
            Leadership fourth = contender.granted();
            assertThat(fourth.historyId()).isNotEqualTo(first.historyId());
            fourth.confirm("fourth").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("fourth");
            assertThat(listener.seen()).anyMatch(told -> told.reason() == Reason.HISTORY_RESET);
            assertThat(node.services().health().detail()).contains("wiped or restored");
        }
    }

    private static void remove(Path directory) throws Exception {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : all) {
                Files.delete(file);
            }
        }
    }
}
