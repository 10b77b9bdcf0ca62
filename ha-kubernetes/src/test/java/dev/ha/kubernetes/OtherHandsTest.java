package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ha.Leadership;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.support.Overlap;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Leases that others make, take, change and read: administrators, charts, contenders with other libraries and other clocks (SAFETY K1, K3, K4). */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class OtherHandsTest {
    private static final Duration LEASE = Duration.ofSeconds(6);
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

    private static void confirm(Leadership leadership, String address) throws Exception {
        leadership.confirm(address).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    /** What the backend calls the Lease of {@code x}: the names of these clusters need no encoding. */
    private static String name(String cluster) {
        return cluster + ".x";
    }

    // ---- taken, deleted, stripped

    @Test
    void aLeaseThatIsTakenByHandIsGivenUpAndTakenBackWhenItIsOver() throws Exception {
        try (Node node = new Node(servers, "taken", Node.SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            Leadership led = contender.granted();
            confirm(led, "mine");
            listener.await("mine");
            leases.edit(name("taken"), lease -> LeaseEditor.hold(lease, "somebody-else", 4, Instant.now()));
            assertThat(contender.revoked()).isSameAs(led);
            Waiting.until(
                    () -> listener.seen()
                            .get(listener.seen().size() - 1)
                            .leader()
                            .isEmpty(),
                    () -> "to hear that the leader is gone, heard " + listener.seen());
            assertThat(LeaseEditor.holder(leases.named(name("taken")))).isEqualTo("somebody-else");
            Leadership next = contender.granted();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            confirm(next, "mine again");
            listener.await("mine again");
        }
    }

    @Test
    void aLeaseThatIsDeletedIsMadeAnewWithALargerToken() throws Exception {
        try (Node node = new Node(servers, "deleted", Node.SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            leases.delete(name("deleted"));
            assertThat(contender.revoked()).isSameAs(led);
            assertThat(contender.granted().fencingToken()).isGreaterThan(led.fencingToken());
        }
    }

    /** K4: its holder can't know, and works on until its deadline; whoever has seen it held waits for that. */
    @Test
    void aLeaseThatIsDeletedBehindItsHoldersBackIsWaitedFor() throws Exception {
        takenAwayBehindItsBack("vanished", () -> leases.delete(name("vanished")));
    }

    @Test
    void aLeaseThatIsEmptiedBehindItsHoldersBackIsWaitedFor() throws Exception {
        takenAwayBehindItsBack("emptied", () -> strip(name("emptied")));
    }

    private interface Deed {
        void run() throws Exception;
    }

    private void takenAwayBehindItsBack(String cluster, Deed deed) throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node cut = new Node(servers, link.address(), cluster, Node.timing(12, 10, 1));
                Node standby = new Node(servers, cluster, Node.timing(12, 10, 1))) {
            TestContender a = cut.contend("x");
            Leadership led = a.granted();
            confirm(led, "held");
            TestContender b = standby.contend("x");
            standby.follow("x").await("held");
            try (Overlap overlap = new Overlap(a, b)) {
                link.partition();
                deed.run();
                Leadership next = b.granted();
                assertThat(led.isValid()).isFalse();
                assertThat(overlap.seen()).isEmpty();
                assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            }
        }
    }

    /** Nothing is left of its holder. */
    private void strip(String name) throws Exception {
        leases.edit(name, lease -> {
            ((ObjectNode) lease.path("metadata")).remove("annotations");
            lease.putObject("spec");
        });
    }

    /** Rule 1.7: an administrator who takes the holder away means it, and waits for nobody. */
    @Test
    void aHolderThatIsClearedByHandIsSucceededAtOnce() throws Exception {
        try (Node first = new Node(servers, "override", Node.LONG);
                Node second = new Node(servers, "override", Node.LONG)) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            confirm(led, "held");
            TestContender b = second.contend("x");
            second.follow("x").await("held");
            leases.release(name("override"));
            assertThat(a.revoked()).isSameAs(led);
            Waiting.until(() -> a.isGranted() || b.isGranted(), () -> "a grant"); // long before the lease is over
            assertThat(led.isValid()).isFalse();
        }
    }

    /** As some deployment tools do, which put back what is in their own files. */
    @Test
    void aLeaseWhoseAnnotationsAreStrippedNeverGivesASmallerToken() throws Exception {
        try (Node node = new Node(servers, "stripped", Node.SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            long token = 0;
            for (int round = 0; round < 3; round++) {
                Leadership led = contender.granted();
                assertThat(led.fencingToken()).isGreaterThan(token);
                token = led.fencingToken();
                confirm(led, "a" + round);
                listener.await("a" + round);
                strip(name("stripped"));
                contender.revoked();
            }
            assertThat(contender.granted().fencingToken()).isGreaterThan(token);
        }
    }

    @Test
    void annotationsThatAreStrippedFromALivingLeaseComeBackOrEndIt() throws Exception {
        try (Node node = new Node(servers, "half-stripped", Node.SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            Leadership led = contender.granted();
            confirm(led, "here");
            listener.await("here");
            leases.edit(name("half-stripped"), lease -> ((ObjectNode) lease.path("metadata")).remove("annotations"));
            Waiting.until(
                    () -> !LeaseEditor.annotation(leases.named(name("half-stripped")), "history")
                            .isEmpty(),
                    () -> "the annotations again");
            assertThat(LeaseEditor.annotation(leases.named(name("half-stripped")), "history"))
                    .as("as nothing was wiped")
                    .isEqualTo(led.historyId());
            if (!led.isValid()) {
                Leadership next = contender.granted();
                assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
                confirm(next, "here");
            }
            Waiting.until(
                    () -> listener.seen()
                            .get(listener.seen().size() - 1)
                            .leader()
                            .filter(leader -> leader.address().equals("here"))
                            .isPresent(),
                    () -> "the leader, heard " + listener.seen());
        }
    }

    // ---- made by others

    @Test
    void aLeaseWithAnEmptySpecIsTakenAtOnceAndKeepsWhatItsMakerWrote() throws Exception {
        leases.create(
                name("chart"),
                "{\"labels\":{\"helm.sh/chart\":\"app-1.0\"},\"annotations\":{\"team\":\"storage\"}}",
                "{}");
        try (Node node = new Node(servers, "chart", Node.LONG)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            confirm(contender.granted(), "here");
            listener.await("here");
            JsonNode metadata = leases.named(name("chart")).path("metadata");
            assertThat(metadata.path("labels").path("helm.sh/chart").asText()).isEqualTo("app-1.0");
            assertThat(metadata.path("annotations").path("team").asText()).isEqualTo("storage");
        }
    }

    @Test
    void aLeaseWithAHolderAndNothingElseIsWaitedForForALeaseOfOurs() throws Exception {
        leases.create(name("bare"), "{}", "{\"holderIdentity\":\"somebody-else\"}");
        try (Node node = new Node(servers, "bare", Node.SHORT)) {
            TestContender contender = node.contend("x");
            TimeUnit.SECONDS.sleep(2);
            assertThat(contender.isGranted()).isFalse();
            contender.granted();
        }
    }

    @Test
    void aLeaseThatIsOverIsTakenAfterTheDurationThatIsWrittenInIt() throws Exception {
        leases.create(name("left"), "{}", """
                {"holderIdentity":"somebody-else","leaseDurationSeconds":2,"leaseTransitions":41,
                 "acquireTime":"2020-01-01T00:00:00.000000Z","renewTime":"2020-01-01T00:00:00.000000Z"}""");
        try (Node node = new Node(servers, "left", Node.LONG)) {
            node.contend("x").granted(); // long before a lease of its own is over
            assertThat(LeaseEditor.transitions(leases.named(name("left")))).isEqualTo(42);
        }
    }

    // ---- other clocks

    /** As any contender with another library does: renews by writing its own time. */
    private final class Foreigner implements AutoCloseable {
        private final Thread thread;
        private volatile boolean stopped;

        Foreigner(String cluster, int seconds, Duration ahead) throws Exception {
            leases.create(name(cluster), "{}", "{}");
            renew(cluster, seconds, ahead);
            thread = new Thread(
                    () -> {
                        while (!stopped) {
                            try {
                                renew(cluster, seconds, ahead);
                                TimeUnit.MILLISECONDS.sleep(500);
                            } catch (Exception end) {
                                return;
                            }
                        }
                    },
                    "foreigner");
            thread.setDaemon(true);
            thread.start();
        }

        private void renew(String cluster, int seconds, Duration ahead) throws Exception {
            leases.edit(
                    name(cluster),
                    lease -> LeaseEditor.hold(
                            lease, "foreigner", seconds, Instant.now().plus(ahead)));
        }

        void stop() throws InterruptedException {
            stopped = true;
            thread.join();
        }

        @Override
        public void close() {
            stopped = true;
        }
    }

    @Test
    void aHolderWhoseClockIsTenMinutesBehindIsAliveWhileItRenews() throws Exception {
        clockOff("behind", Duration.ofMinutes(-10));
    }

    @Test
    void aHolderWhoseClockIsTenMinutesAheadIsDeadWhenItRenewsNoMore() throws Exception {
        clockOff("ahead", Duration.ofMinutes(10));
    }

    private void clockOff(String cluster, Duration ahead) throws Exception {
        try (Foreigner foreigner = new Foreigner(cluster, 3, ahead);
                Node node = new Node(servers, cluster, Node.SHORT)) {
            TestContender contender = node.contend("x");
            TimeUnit.SECONDS.sleep(9); // three of its leases
            assertThat(contender.isGranted()).isFalse();
            assertThat(LeaseEditor.holder(leases.named(name(cluster)))).isEqualTo("foreigner");
            foreigner.stop();
            contender.granted();
        }
    }

    /** K1a: a standby counts from the last renewal, not from the last change of the object. */
    @Test
    void whoeverWritesToTheObjectOfADeadLeaderDoesNotKeepItAlive() throws Exception {
        try (FaultProxy link = FaultProxy.before(servers.api().address());
                Node cut = new Node(servers, link.address(), "annotated", Node.SHORT);
                Node standby = new Node(servers, "annotated", Node.SHORT)) {
            TestContender a = cut.contend("x");
            Leadership led = a.granted();
            confirm(led, "dead");
            TestContender b = standby.contend("x");
            TestListener listener = standby.follow("x");
            listener.await("dead");
            try (Overlap overlap = new Overlap(a, b)) {
                link.partition();
                long giveUp = System.nanoTime() + Waiting.patience().toNanos();
                for (int i = 0; !b.isGranted() && System.nanoTime() < giveUp; i++) {
                    String value = "v" + i;
                    leases.edit(name("annotated"), lease -> lease.withObject("/metadata/labels")
                            .put("touched", value));
                    TimeUnit.MILLISECONDS.sleep(100);
                }
                assertThat(b.isGranted()).as("a grant while it is written to").isTrue();
                Leadership next = b.granted();
                assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
                assertThat(overlap.seen()).isEmpty();
                confirm(next, "alive");
                listener.await("alive");
            }
        }
    }

    // ---- what kubectl shows

    @Test
    void whoeverLooksAtTheLeaseSeesTheTruth() throws Exception {
        String cluster = "kubectl";
        try (Node first = new Node(servers, cluster, Node.SHORT);
                Node second = new Node(servers, cluster, Node.SHORT)) {
            Instant began = Instant.now();
            Leadership led = first.contend("x").granted();
            confirm(led, "a");
            JsonNode lease = leases.of(cluster, "x");
            assertThat(LeaseEditor.name(lease)).isEqualTo(name(cluster));
            String holder = LeaseEditor.holder(lease);
            assertThat(holder).isNotEmpty();
            assertThat(lease.path("spec").path("leaseDurationSeconds").asInt()).isEqualTo((int) LEASE.toSeconds());
            isNow(began, LeaseEditor.acquired(lease));
            isNow(began, LeaseEditor.renewed(lease));
            int transitions = LeaseEditor.transitions(lease);

            Waiting.until(
                    () -> LeaseEditor.renewed(leases.of(cluster, "x")).isAfter(LeaseEditor.renewed(lease)),
                    () -> "a renewal");
            JsonNode renewed = leases.of(cluster, "x");
            assertThat(LeaseEditor.holder(renewed)).isEqualTo(holder);
            assertThat(LeaseEditor.transitions(renewed)).isEqualTo(transitions);
            assertThat(LeaseEditor.acquired(renewed)).isEqualTo(LeaseEditor.acquired(lease));

            TestContender waiting = second.contend("x");
            Instant handedOver = Instant.now();
            first.leave();
            confirm(waiting.granted(), "b");
            JsonNode taken = leases.of(cluster, "x");
            assertThat(LeaseEditor.holder(taken)).isNotEmpty().isNotEqualTo(holder);
            assertThat(LeaseEditor.transitions(taken)).isEqualTo(transitions + 1);
            isNow(handedOver, LeaseEditor.acquired(taken));

            second.leave();
            JsonNode released = leases.of(cluster, "x");
            assertThat(LeaseEditor.holder(released)).isEmpty();
            assertThat(LeaseEditor.transitions(released)).isEqualTo(transitions + 1);
        }
    }

    /** Not before {@code began}, and not in the future; all clocks are this machine's. */
    private static void isNow(Instant began, Instant shown) {
        assertThat(shown).isBetween(began.minusMillis(1), Instant.now().plusMillis(1));
    }

    @Test
    void aPodThatComesBackUnderItsOldNameIsNotItsPredecessor() throws Exception {
        try (Node first = new Node(servers, "incarnations", Node.LONG)) {
            first.contend("x").granted();
            String former = LeaseEditor.holder(leases.of("incarnations", "x"));
            first.leave();
            try (Node second = new Node(servers, "incarnations", Node.LONG)) {
                second.contend("x").granted();
                assertThat(LeaseEditor.holder(leases.of("incarnations", "x"))).isNotEqualTo(former);
            }
        }
    }
}
