package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.tck.support.ChildServer;
import dev.ha.tck.support.Overlap;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What happens to the API server and to the etcd behind it (rules 1.1, 1.3, 2.4, 9). */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class ServerFaultsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(4);
    private static final Duration LEASE = Duration.ofSeconds(6);
    private KubeServers servers;

    @BeforeAll
    void start() throws Exception {
        servers = KubeServers.start();
    }

    @AfterAll
    void stop() throws Exception {
        servers.close();
    }

    private static void confirm(Leadership leadership, String address) throws Exception {
        leadership.confirm(address).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static boolean leads(TestContender contender) {
        return contender.all().stream().anyMatch(Leadership::isValid);
    }

    @Test
    void anApiServerThatIsKilledAndRestartedCostsNothingForGood() throws Exception {
        try (Node node = new Node(servers, "killed", Node.SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            long token = 0;
            for (int round = 0; round < 2; round++) {
                Leadership led = contender.granted();
                assertThat(led.fencingToken()).isGreaterThan(token);
                token = led.fencingToken();
                confirm(led, "a" + round);
                listener.await("a" + round);
                servers.api().kill();
                assertThat(contender.revoked()).isSameAs(led);
                assertThat(led.isValid()).isFalse();
                listener.await(LeaderInformation.Unknown.class);
                servers.api().start();
                servers.api().awaitServing();
            }
            Leadership last = contender.granted();
            assertThat(last.fencingToken()).isGreaterThan(token);
            confirm(last, "last");
            listener.await("last");
        }
    }

    @Test
    void anApiServerThatIsBackBeforeTheDeadlineTakesNothingFromAnybody() throws Exception {
        try (Node first = new Node(servers, "restarted", Node.LONG);
                Node second = new Node(servers, "restarted", Node.LONG)) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            confirm(led, "here");
            TestContender b = second.contend("x");
            TestListener listener = second.follow("x");
            listener.await("here");
            servers.api().kill();
            servers.api().start();
            servers.api().awaitServing();
            listener.await("here");
            assertThat(led.isValid()).isTrue();
            assertThat(a.all()).hasSize(1);
            first.leave(); // what the standby can hear of only by a new watch, or by reading
            Leadership next = b.granted();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            confirm(next, "there");
            listener.await("there");
        }
    }

    @Test
    void anApiServerThatIsStoppedForLongerThanTheDeadline() throws Exception {
        stopped(servers.api(), "api-stopped");
    }

    /** The API server answers nothing meanwhile, keeps what it was asked, and may carry it out when etcd is back. */
    @Test
    void anEtcdThatIsStoppedForLongerThanTheDeadline() throws Exception {
        stopped(servers.etcd(), "etcd-stopped");
    }

    private void stopped(ChildServer victim, String cluster) throws Exception {
        try (Node first = new Node(servers, cluster, Node.SHORT);
                Node second = new Node(servers, cluster, Node.SHORT)) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            confirm(led, "before");
            TestContender b = second.contend("x");
            TestListener listener = second.follow("x");
            listener.await("before");
            try (Overlap overlap = new Overlap(a, b)) {
                victim.pause();
                TimeUnit.MILLISECONDS.sleep(DEADLINE.toMillis()); // the last renewal was sent before
                assertThat(led.isValid()).isFalse();
                a.revoked();
                listener.await(LeaderInformation.Unknown.class);
                TimeUnit.MILLISECONDS.sleep(LEASE.toMillis());
                assertThat(leads(a) || leads(b))
                        .as("nobody leads without a server")
                        .isFalse();
                victim.resume();
                Waiting.until(() -> leads(a) || leads(b), () -> "a leader, errors " + a.errors() + b.errors());
                TimeUnit.MILLISECONDS.sleep(LEASE.toMillis()); // for whatever comes late
                assertThat(overlap.seen()).isEmpty();
            }
            Waiting.until(() -> leads(a) || leads(b), () -> "a leader");
            Leadership next = Stream.concat(a.all().stream(), b.all().stream())
                    .filter(Leadership::isValid)
                    .findFirst()
                    .orElseThrow();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            confirm(next, "after");
            listener.await("after");
        }
    }

    /** Restored data or none, also of namespace and rights: everything recovers and is told. */
    @Test
    void aClusterThatIsWiped() throws Exception {
        try (KubeServers own = KubeServers.start();
                Node node = new Node(own, "wiped", Node.SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            Leadership first = contender.granted();
            confirm(first, "first");
            listener.await("first");
            own.wipe();
            Leadership second = contender.granted();
            assertThat(first.isValid()).isFalse();
            assertThat(second.historyId()).isNotEqualTo(first.historyId());
            confirm(second, "second");
            listener.await("second");
            assertThat(node.services().health().detail()).contains("wiped or restored");
        }
    }

    @Test
    void aServerThatIsNotThereYetIsWaitedFor() throws Exception {
        try (KubeServers own = KubeServers.start()) {
            own.api().kill();
            try (Node node = new Node(own, "late", Map.of())) {
                TestContender contender = node.contend("x");
                Waiting.until(
                        () -> String.valueOf(contender.lastError())
                                .contains("127.0.0.1:" + own.api().address().getPort()),
                        () -> "an error that says where nobody answers, heard " + contender.errors());
                own.api().start();
                contender.granted();
            }
        }
    }
}
