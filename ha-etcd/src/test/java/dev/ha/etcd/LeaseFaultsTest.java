package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What happens to a lease, its keys and its watches, besides what the TCK does to every backend. */
class LeaseFaultsTest extends OneServer {
    private static final Map<String, String> SHORT = Map.of("lease-ttl", "5 s");

    private List<String> lines(String... arguments) throws Exception {
        return server.ctl(arguments).lines().filter(line -> !line.isBlank()).toList();
    }

    private List<String> leases() throws Exception {
        return lines("lease", "list").stream()
                .filter(line -> !line.startsWith("found"))
                .toList();
    }

    private String candidate(String cluster) throws Exception {
        return lines("get", "--prefix", "--keys-only", "/ha/" + cluster + "/elections/x/c/")
                .get(0);
    }

    @Test
    void aRevokedLeaseIsReplacedAgainAndAgain() throws Exception {
        try (Node node = new Node(server.endpoints(), "revoked", SHORT)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            long token = 0;
            for (int round = 0; round < 3; round++) {
                Leadership led = contender.granted();
                assertThat(led.fencingToken()).isGreaterThan(token);
                token = led.fencingToken();
                led.confirm("a" + round).toCompletableFuture().get(60, TimeUnit.SECONDS);
                listener.await("a" + round);
                for (String lease : leases()) {
                    server.ctl("lease", "revoke", lease);
                }
                assertThat(contender.revoked()).isSameAs(led);
            }
            contender.granted();
        }
    }

    @Test
    void whoeverTouchesACandidateBreaksItsFenceAndEndsIt() throws Exception {
        try (Node node = new Node(server.endpoints(), "touched", SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            String key = candidate("touched");
            String value = server.ctl("get", "--print-value-only", key).strip();
            server.ctl("put", "--", key, value); // takes it off its lease: it would live for ever
            contender.revoked();
            Leadership next = contender.granted();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            server.ctl("put", "--ignore-lease", candidate("touched"), "somebody else");
            contender.revoked();
            assertThat(contender.granted().fencingToken()).isGreaterThan(next.fencingToken());
        }
    }

    @Test
    void aWatchThatMissedCompactedRevisionsReadsAgain() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                Node leading = new Node(server.endpoints(), "compacted", SHORT);
                Node behind = new Node("127.0.0.1:" + proxy.address().getPort(), "compacted", SHORT)) {
            TestContender contender = leading.contend("x");
            TestListener listener = behind.follow("x");
            for (int round = 0; round < 3; round++) {
                Leadership led = contender.granted();
                led.confirm("a" + round).toCompletableFuture().get(60, TimeUnit.SECONDS);
                listener.await("a" + round);
                proxy.cut();
                led.resign();
                contender.revoked();
                for (int i = 0; i < 10; i++) {
                    server.ctl("put", "other", "value");
                }
                String status = server.ctl("endpoint", "status", "--write-out=json");
                String revision = status.replaceAll("(?s).*\"revision\":(\\d+).*", "$1");
                server.ctl("compact", revision);
                proxy.resume();
            }
            Leadership last = contender.granted();
            last.confirm("last").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("last");
        }
    }

    @Test
    void aLeaseLivesOnThroughALostConnectionAndNoLongerThanItsDeadline() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                Node node = new Node("127.0.0.1:" + proxy.address().getPort(), "blip", SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            proxy.hangUp();
            TimeUnit.SECONDS.sleep(2);
            assertThat(led.isValid()).isTrue();
            long cutAt = System.nanoTime();
            proxy.partition();
            assertThat(Waiting.validFor(led, cutAt)).isLessThan(Duration.ofMillis(4_100));
            contender.revoked();
            assertThat(Duration.ofNanos(System.nanoTime() - cutAt))
                    .as("told before the lease is over, and anybody else may lead")
                    .isLessThan(Duration.ofSeconds(5));
            proxy.resume();
            assertThat(contender.granted().fencingToken()).isGreaterThan(led.fencingToken());
        }
    }

    @Test
    void allElectionsOfAProcessShareOneLease() throws Exception {
        int elections = 2_000;
        List<String> before = leases();
        try (Node node = new Node(server.endpoints(), "many", Map.of("lease-ttl", "10 s"));
                Node standby = new Node(server.endpoints(), "many", Map.of("lease-ttl", "10 s"))) {
            List<TestContender> contenders = new ArrayList<>();
            List<TestContender> waiting = new ArrayList<>();
            Map<Integer, TestListener> listeners = new HashMap<>();
            for (int i = 0; i < elections; i++) {
                contenders.add(node.contend("e" + i));
                listeners.put(i, standby.follow("e" + i));
            }
            for (TestContender contender : contenders) {
                contender.granted();
            }
            for (int i = 0; i < elections; i++) {
                waiting.add(standby.contend("e" + i));
            }
            List<String> own = new ArrayList<>(leases());
            own.removeAll(before);
            assertThat(own).hasSize(2);
            TimeUnit.SECONDS.sleep(12);
            assertThat(contenders).allMatch(contender -> contender.all().get(0).isValid());
            for (TestContender contender : contenders) {
                contender.all().get(0).confirm("a");
            }
            for (TestListener listener : listeners.values()) {
                listener.await("a");
            }
            node.leave();
            for (TestContender contender : waiting) {
                contender.granted();
            }
        }
        assertThat(leases()).hasSameElementsAs(before);
    }

    /** SAFETY E4: all at one revision, for a standby that waits behind each of them, and for followers. */
    @Test
    void aLeaseOfThousandsOfElectionsThatIsRevokedAtOnceIsTakenOver() throws Exception {
        int elections = 3_000;
        String padding = "-" + "x".repeat(100);
        Map<String, String> settings = Map.of("lease-ttl", "60 s"); // longer than this test waits: nothing runs out
        List<String> before = leases();
        try (Node first = new Node(server.endpoints(), "mass", settings);
                Node second = new Node(server.endpoints(), "mass", settings)) {
            List<TestContender> held = new ArrayList<>();
            List<TestContender> waiting = new ArrayList<>();
            List<TestListener> listeners = new ArrayList<>();
            for (int i = 0; i < elections; i++) {
                held.add(first.contend("e" + i + padding));
            }
            for (TestContender contender : held) {
                contender.granted().confirm("first");
            }
            List<String> lease = new ArrayList<>(leases());
            lease.removeAll(before);
            assertThat(lease).hasSize(1);
            for (int i = 0; i < elections; i++) {
                waiting.add(second.contend("e" + i + padding));
                listeners.add(second.follow("e" + i + padding));
            }
            for (TestListener listener : listeners) {
                listener.await("first");
            }
            Waiting.until(
                    () -> lines("get", "--prefix", "--keys-only", "/ha/mass/elections/").stream()
                                    .filter(key -> key.contains("/c/"))
                                    .count()
                            == 2L * elections,
                    () -> "all to be queued");
            server.ctl("lease", "revoke", lease.get(0));
            for (TestContender contender : waiting) {
                contender.granted().confirm("second");
            }
            for (TestListener listener : listeners) {
                listener.await("second");
            }
            for (TestContender contender : held) {
                contender.revoked();
            }
            second.leave();
            for (TestContender contender : held) {
                contender.granted(); // each is back in its queue
            }
        }
    }

    /** SAFETY E4, rule 2.9: whoever wins thousands of elections at once publishes for all of them, and has to renew the lease meanwhile. */
    @Test
    void onlySoManyOfThousandsOfPublicationsAreUnderWay() throws Exception {
        int elections = 500;
        Map<String, String> patient = Map.of("lease-ttl", "60 s", "request-timeout", "20 s");
        try (EtcdServers idle = EtcdServers.start(1);
                FaultProxy proxy = FaultProxy.before(idle.addresses().get(0));
                Node node = new Node("127.0.0.1:" + proxy.address().getPort(), "window", patient)) {
            List<TestContender> contenders = new ArrayList<>();
            for (int i = 0; i < elections; i++) {
                contenders.add(node.contend("e" + i));
            }
            List<Leadership> leaderships = new ArrayList<>();
            for (TestContender contender : contenders) {
                leaderships.add(contender.granted());
            }
            long before = idle.get(0).handled("Txn");
            proxy.stall(FaultProxy.Direction.TO_CLIENT);
            List<CompletableFuture<?>> confirmed = new ArrayList<>();
            for (Leadership leadership : leaderships) {
                confirmed.add(leadership.confirm("here").toCompletableFuture());
            }
            Waiting.until(() -> idle.get(0).handled("Txn") - before >= Window.SIZE, () -> "a window of publications");
            TimeUnit.SECONDS.sleep(1);
            assertThat(idle.get(0).handled("Txn") - before).isEqualTo(Window.SIZE);
            proxy.resume();
            CompletableFuture.allOf(confirmed.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        }
    }

    /** SAFETY E2: it is etcd's leader that matters, whichever that will be. */
    @Test
    void doctorAsksEachServerForItsVersion() throws Exception {
        try (EtcdServers old = EtcdServers.start(EtcdServers.OLD, 1, List.of())) {
            for (String endpoints :
                    List.of(server.endpoints() + "," + old.endpoints(), old.endpoints() + "," + server.endpoints())) {
                try (Node node = new Node(endpoints, "versions", SHORT)) {
                    assertThat(node.services().diagnose())
                            .anyMatch(diagnosis -> !diagnosis.passed()
                                    && diagnosis.detail().contains(" 3.4.")
                                    && diagnosis.detail().contains(" 3.5."));
                }
            }
        }
    }

    @Test
    void anUnknownHostHangsNobodyAndIsNamed() throws Exception {
        try (Node node = new Node("no-such-host.invalid:2379", "unknown", SHORT)) {
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
