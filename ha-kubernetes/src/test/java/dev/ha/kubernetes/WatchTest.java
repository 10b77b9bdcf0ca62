package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** A watch is a hint: whatever becomes of it, standbys and followers hear what they must (rules 2.2, 5.1, 5.6). */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class WatchTest {
    /** Without its watch cache the API server asks etcd for each watch, and etcd says when it has forgotten a revision. */
    private static final List<String> FORGETFUL = List.of("--watch-cache=false");

    private KubeServers servers;

    @BeforeAll
    void start() throws Exception {
        servers = KubeServers.start(FORGETFUL);
    }

    @AfterAll
    void stop() throws Exception {
        servers.close();
    }

    private static void confirm(Leadership leadership, String address) throws Exception {
        leadership.confirm(address).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    /** What happens to the link of a standby and follower before the leader resigns. */
    private interface Harm {
        void to(FaultProxy link) throws Exception;
    }

    private void handover(String cluster, Harm before, Harm after) throws Exception {
        handover(cluster, Node.LONG, before, after);
    }

    private void handover(String cluster, Map<String, String> timing, Harm before, Harm after) throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node leading = new Node(servers, cluster, timing);
                Node behind = new Node(servers, link.address(), cluster, timing)) {
            Leadership led = leading.contend("x").granted();
            confirm(led, "first");
            TestContender standby = behind.contend("x");
            TestListener listener = behind.follow("x");
            listener.await("first");
            before.to(link);
            leading.leave();
            after.to(link);
            Leadership next = standby.granted();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            confirm(next, "second");
            listener.await("second");
        }
    }

    @Test
    void aWatchThatIsCutIsReplaced() throws Exception {
        handover("hung-up", FaultProxy::hangUp, link -> {});
    }

    @Test
    void aWatchThatIsCutAgainAndAgainIsReplaced() throws Exception {
        handover(
                "again",
                link -> {
                    for (int i = 0; i < 20; i++) {
                        link.hangUp();
                        TimeUnit.MILLISECONDS.sleep(100);
                    }
                },
                FaultProxy::hangUp);
    }

    @Test
    void aLinkThatIsDownWhileTheLeaderChanges() throws Exception {
        handover("down", FaultProxy::cut, link -> {
            TimeUnit.SECONDS.sleep(2);
            link.resume();
        });
    }

    /** The connection stays open and nothing comes: a firewall has forgotten it, or the server's machine is gone. What is missed costs no more than a lost leader. */
    @Test
    void aWatchThatFallsSilentIsReplaced() throws Exception {
        handover("silent", Node.timing(15, 10, 2), link -> link.freeze(Direction.TO_CLIENT), link -> {});
    }

    @Test
    void aWatchFromARevisionThatIsForgottenIsBegunAnew() throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node leading = new Node(servers, "gone", Node.LONG);
                Node behind = new Node(servers, link.address(), "gone", Node.LONG)) {
            LeaseEditor leases = new LeaseEditor(servers);
            TestContender contender = leading.contend("x");
            TestListener listener = behind.follow("x");
            for (int round = 0; round < 3; round++) {
                Leadership led = contender.granted();
                confirm(led, "a" + round);
                listener.await("a" + round);
                JsonNode seen = leases.of("gone", "x");
                link.cut();
                led.resign();
                contender.revoked();
                leases.create("other-" + round, "{}", "{}"); // so that there is a later revision
                servers.etcd().compact();
                assertThat(servers.admin().watched(seen))
                        .as("the server has forgotten what the follower has seen last")
                        .contains("410");
                link.resume();
            }
            confirm(contender.granted(), "last");
            listener.await("last");
        }
    }

    @Test
    void aLeaderThatIsGoneWhileNobodyLooksIsNotTold() throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node leading = new Node(servers, "missed", Node.LONG);
                Node behind = new Node(servers, link.address(), "missed", Node.LONG)) {
            TestContender contender = leading.contend("x");
            TestListener listener = behind.follow("x");
            confirm(contender.granted(), "first");
            listener.await("first");
            link.cut();
            listener.await(LeaderInformation.Unknown.class);
            leading.leave();
            int before = listener.seen().size();
            link.resume();
            listener.await(LeaderInformation.None.class);
            assertThat(listener.seen().subList(before, listener.seen().size()))
                    .noneMatch(seen -> seen.leader().isPresent());
        }
    }

    /** The LIST after the outage does not show it, so it must be asked for before anybody hears of it again. */
    @Test
    void aLeaseThatIsDeletedWhileNobodyLooksIsNotTold() throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node leading = new Node(servers, "deleted", Node.LONG);
                Node behind = new Node(servers, link.address(), "deleted", Node.LONG)) {
            LeaseEditor leases = new LeaseEditor(servers);
            TestContender contender = leading.contend("x");
            TestListener listener = behind.follow("x");
            confirm(contender.granted(), "first");
            listener.await("first");
            link.cut();
            listener.await(LeaderInformation.Unknown.class);
            leading.leave();
            leases.delete(LeaseEditor.name(leases.of("deleted", "x")));
            int before = listener.seen().size();
            link.resume();
            listener.await(LeaderInformation.None.class);
            assertThat(listener.seen().subList(before, listener.seen().size()))
                    .noneMatch(seen -> seen.leader().isPresent());
        }
    }

    /** One look can't know whether a holder is alive, so a read may take more than one (SAFETY K5). */
    @Test
    void aLeaderThatIsDeadIsNotReadAsOne() throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node dying = new Node(servers, link.address(), "dead", Node.SHORT);
                Node living = new Node(servers, "living", Node.SHORT)) {
            confirm(dying.contend("x").granted(), "here");
            confirm(living.contend("x").granted(), "there");
            link.cut();
            try (Node looking = new Node(servers, "living", Node.SHORT)) {
                assertThat(read(looking).leader().orElseThrow().address()).isEqualTo("there");
            }
            try (Node looking = new Node(servers, "dead", Node.SHORT)) {
                assertThat(read(looking)).isInstanceOf(LeaderInformation.None.class);
            }
            link.resume();
        }
    }

    private static LeaderInformation read(Node node) throws Exception {
        return node.services()
                .leaderRetrieval("x")
                .read()
                .toCompletableFuture()
                .get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
    }
}
