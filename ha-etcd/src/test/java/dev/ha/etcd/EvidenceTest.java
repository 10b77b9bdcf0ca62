package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.support.Overlap;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * SAFETY E1: a leader of etcd that was stopped is continued behind its successor's back, renews the lease, and only then hears of its successor. An old server renews
 * leases without asking anybody; and nothing but the raft term, which the read behind the renewal shows, tells that this renewal counts nowhere.
 */
@Tag("once")
class EvidenceTest {
    private static final Duration TTL = Duration.ofSeconds(20);

    /** Slow elections, so that the old leader believes in itself for some seconds. */
    private static final List<String> SLOW = List.of("--heartbeat-interval=200", "--election-timeout=2500");

    @Test
    void aRenewalByALeaderThatWasSucceededCountsForNothing() throws Exception {
        Map<String, String> settings = Map.of("lease-ttl", TTL.toSeconds() + " s");
        try (EtcdServers servers = EtcdServers.start(EtcdServers.OLD, 3, SLOW)) {
            EtcdServers.Server old = servers.leader();
            String others = servers.all().stream()
                    .filter(server -> server != old)
                    .map(EtcdServers.Server::endpoint)
                    .reduce((a, b) -> a + "," + b)
                    .orElseThrow();
            try (FaultProxy proxy = FaultProxy.before(old.address());
                    Node bound = new Node("127.0.0.1:" + proxy.address().getPort(), "evidence", settings);
                    Node free = new Node(others, "evidence", settings)) {
                TestContender a = bound.contend("x");
                a.granted();
                TestContender b = free.contend("x");
                try (Overlap overlap = new Overlap(a, b)) {
                    servers.isolate(old, ServerNetwork.Cut.BOTH);
                    old.pause();
                    EtcdServers.Server successor = servers.leaderBut(old);
                    TimeUnit.SECONDS.sleep(6); // of the lease that begins with the successor: more than the margin
                    AtomicBoolean heard = new AtomicBoolean();
                    Hold proof =
                            proxy.hold(Direction.TO_SERVER, message -> new String(message, StandardCharsets.ISO_8859_1)
                                    .contains("/evidence/probe"));
                    Hold rest = proxy.hold(Direction.TO_SERVER, message -> heard.get());
                    old.resume();
                    assertThat(proof.awaitCaught(Duration.ofSeconds(10)))
                            .as("the lease was renewed by the old leader")
                            .isTrue();
                    servers.heal();
                    Waiting.until(
                            () -> old.term() == successor.term(), () -> "the old leader to hear of its successor");
                    heard.set(true);
                    proof.release();
                    assertThat(rest.awaitCaught(Duration.ofSeconds(10)))
                            .as("what was made of it")
                            .isTrue();
                    proxy.partition();
                    b.granted();
                    assertThat(overlap.seen()).isEmpty();
                }
            }
        }
    }
}
