package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.tck.support.Overlap;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Servers that are killed and started again (rules 1.1, 1.3, 2.4); what is done to processes that live on is in the TCK. */
@Tag("once")
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
                        () -> a.all().size() + b.all().size() > 1
                                && Stream.concat(a.all().stream(), b.all().stream())
                                        .anyMatch(Leadership::isValid),
                        () -> "a leader, errors " + a.errors() + b.errors());
                assertThat(overlap.seen()).isEmpty();
            }
        }
    }
}
