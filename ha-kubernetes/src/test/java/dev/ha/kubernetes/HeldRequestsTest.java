package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ha.Leadership;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Hold;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.Waiting;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** A request that arrives when the world has moved on changes nothing (SAFETY K1, K2; rules 2.7, 4.6). */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class HeldRequestsTest {
    private static final boolean PUT = true;
    private static final boolean POST = false;
    private KubeServers servers;
    private LeaseEditor leases;

    @BeforeAll
    void start() throws Exception {
        servers = KubeServers.start();
        leases = new LeaseEditor(servers);
    }

    @AfterAll
    void stop() throws Exception {
        servers.close();
    }

    /** A process whose requests can be held back on their way, and who can be cut off without them. */
    private final class Held implements AutoCloseable {
        final ClearWay way;
        final FaultProxy link;
        final Node node;

        Held(String cluster, Map<String, String> timing) throws Exception {
            way = new ClearWay(servers);
            link = FaultProxy.before(way.address());
            node = new Node(servers, link.address(), cluster, timing);
        }

        /** Lets only what is held arrive, and waits until it has been answered. */
        void arriveAlone(Hold hold) throws InterruptedException {
            long before = way.answered();
            hold.release();
            Waiting.until(() -> way.answered() > before, () -> "an answer to the late request");
        }

        @Override
        public void close() throws IOException {
            link.resume();
            way.proxy().resume();
            node.close();
            link.close();
            way.close();
        }
    }

    private static void isCaught(Hold hold) throws InterruptedException {
        assertThat(hold.awaitCaught(Waiting.patience())).as("the request").isTrue();
    }

    /** The server would create what the PUT replaces, with its holder and its token: only the uid in it prevents that. */
    @Test
    void aRenewalThatComesAfterTheDeletionBringsNothingBack() throws Exception {
        try (Held held = new Held("deleted", Node.SHORT)) {
            TestContender contender = held.node.contend("x");
            Leadership led = contender.granted();
            led.confirm("old").toCompletableFuture().get(60, TimeUnit.SECONDS);
            Hold renewal = held.way.hold(PUT);
            isCaught(renewal);
            held.link.partition();
            String name = LeaseEditor.name(leases.of("deleted", "x"));
            leases.delete(name);
            held.arriveAlone(renewal);
            assertThat(leases.exists(name)).isFalse();
            contender.revoked();
            held.link.cut();
            held.link.resume();
            Leadership next = contender.granted();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
        }
    }

    @Test
    void aRenewalThatComesAfterTheLeaseWasMadeAnewChangesNothing() throws Exception {
        try (Held held = new Held("anew", Node.SHORT)) {
            TestContender contender = held.node.contend("x");
            Leadership led = contender.granted();
            Hold renewal = held.way.hold(PUT);
            isCaught(renewal);
            held.link.partition();
            JsonNode lease = leases.of("anew", "x");
            leases.delete(LeaseEditor.name(lease));
            leases.create(LeaseEditor.name(lease), "{}", "{}");
            held.arriveAlone(renewal);
            JsonNode fresh = leases.named(LeaseEditor.name(lease));
            assertThat(LeaseEditor.holder(fresh)).isEmpty();
            assertThat(LeaseEditor.uid(fresh)).isNotEqualTo(LeaseEditor.uid(lease));
            contender.revoked();
            held.link.cut();
            held.link.resume();
            assertThat(contender.granted().fencingToken()).isGreaterThan(led.fencingToken());
        }
    }

    /** A client that reads again and repeats what it wanted, as Fabric8's edits do, would take the Lease back. */
    @Test
    void aRenewalThatMeetsAnotherHolderIsNotRepeatedOverIt() throws Exception {
        try (Held held = new Held("conflict", Node.SHORT)) {
            TestContender contender = held.node.contend("x");
            Leadership led = contender.granted();
            String name = LeaseEditor.name(leases.of("conflict", "x"));
            Hold renewal = held.way.hold(PUT);
            isCaught(renewal);
            leases.edit(name, lease -> LeaseEditor.hold(lease, "somebody-else", 4, Instant.now()));
            renewal.release();
            contender.revoked();
            assertThat(led.isValid()).isFalse();
            assertThat(LeaseEditor.holder(leases.named(name))).isEqualTo("somebody-else");
            Leadership next = contender.granted(); // as nobody renews it
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
        }
    }

    /** Somebody has touched the object, but not what makes a leader one. */
    @Test
    void aRenewalThatMeetsAnInnocentChangeIsSentAgainAndNobodyNotices() throws Exception {
        try (Held held = new Held("touched", Node.LONG)) {
            TestContender contender = held.node.contend("x");
            Leadership led = contender.granted();
            led.confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
            String name = LeaseEditor.name(leases.of("touched", "x"));
            for (int round = 0; round < 3; round++) {
                Hold renewal = held.way.hold(PUT);
                isCaught(renewal);
                String value = "v" + round;
                leases.edit(name, lease -> lease.withObject("/metadata/labels").put("team", value));
                Instant before = LeaseEditor.renewed(leases.named(name));
                renewal.release();
                Waiting.until(() -> LeaseEditor.renewed(leases.named(name)).isAfter(before), () -> "the next renewal");
                assertThat(leases.named(name)
                                .path("metadata")
                                .path("labels")
                                .path("team")
                                .asText())
                        .as("what others have written stays")
                        .isEqualTo(value);
            }
            assertThat(led.isValid()).isTrue();
            assertThat(contender.all()).hasSize(1);
        }
    }

    /** It is carried out and not answered, so its sender can't know; it must not stand in its own way. */
    @Test
    void anAcquisitionWhoseAnswerIsLostIsFoundAgain() throws Exception {
        for (boolean request : new boolean[] {POST, PUT}) {
            String cluster = request == POST ? "lost-post" : "lost-put";
            try (Held held = new Held(cluster, Node.SHORT)) {
                Hold acquisition = held.way.hold(request);
                TestContender contender = held.node.contend("x");
                isCaught(acquisition);
                held.link.hangUp(); // whatever is answered now reaches nobody
                acquisition.release();
                contender.granted();
            }
        }
    }

    /** Its sender has left, the Lease is somebody else's, and then it arrives. */
    @Test
    void aTakeoverThatComesTooLateTakesNothing() throws Exception {
        try (Held held = new Held("late", Node.SHORT);
                Node other = new Node(servers, "late", Node.SHORT)) {
            other.contend("x").granted();
            TestContender late = held.node.contend("x");
            Hold takeover = held.way.hold(PUT);
            other.leave();
            isCaught(takeover);
            held.link.partition();
            String name = LeaseEditor.name(leases.of("late", "x"));
            leases.edit(name, lease -> LeaseEditor.hold(lease, "somebody-else", 60, Instant.now()));
            held.arriveAlone(takeover);
            assertThat(LeaseEditor.holder(leases.named(name))).isEqualTo("somebody-else");
            held.link.cut();
            held.link.resume();
            assertThat(late.isGranted()).isFalse();
        }
    }

    /** SAFETY C1: nobody waits for it any more, and it has no owner; at the latest it is over after its own duration. */
    @Test
    void anAcquisitionOfAProcessThatIsGoneBlocksNobodyForLong() throws Exception {
        try (Node other = new Node(servers, "orphan", Node.SHORT)) {
            try (Held held = new Held("orphan", Node.SHORT)) {
                Hold acquisition = held.way.hold(PUT);
                TestContender gone = held.node.contend("x");
                isCaught(acquisition);
                held.link.partition();
                held.node.leave();
                held.arriveAlone(acquisition);
                other.contend("x").granted();
                assertThat(gone.isGranted()).isFalse();
            }
        }
    }
}
