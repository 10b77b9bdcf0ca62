package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ha.Leadership;
import dev.ha.store.EntryStore;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Requests for a store that arrive when their leader is none any more, or has left (rules 1.5, 4.6, 6.1; SAFETY S5, C1). */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class LateStoreTest {
    private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/" + KubeServers.NAMESPACE + "/leases";
    private static final String ROOTS = "/api/v1/namespaces/" + KubeServers.NAMESPACE + "/configmaps";
    private static final boolean PUT = true;
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

    private static Map<String, String> timeout(String timeout) {
        Map<String, String> timing = new HashMap<>(Node.LONG);
        timing.put("request-timeout", timeout);
        return timing;
    }

    private static EntryStore entries(Node node) {
        return node.services().stores("x").entries();
    }

    private static CompletableFuture<?> write(Node node, Leadership led, String name) {
        return entries(node)
                .create(led, name, "v".getBytes(StandardCharsets.UTF_8))
                .toCompletableFuture();
    }

    private static void isCaught(Hold hold) throws InterruptedException {
        assertThat(hold.awaitCaught(Waiting.patience())).as("the request").isTrue();
    }

    /** Lets what is held arrive, and waits until the server has answered it. */
    private static void arrive(ClearWay way, Hold hold) throws InterruptedException {
        long before = way.answered();
        hold.release();
        Waiting.until(() -> way.answered() > before, () -> "an answer to the late request");
    }

    private void strip(String cluster, int seconds) throws Exception {
        leases.edit(LeaseEditor.name(leases.of(cluster, "x")), lease -> {
            ((ObjectNode) lease.path("metadata")).remove("annotations");
            lease.withObject("/spec").put("leaseDurationSeconds", seconds);
        });
    }

    /** The Lease says nothing of a root, and there was none when the successor looked; its predecessor makes one before the successor's PUT. */
    @Test
    void aRootThatIsMadeBetweenLookAndTakingIsSealed() throws Exception {
        try (ClearWay former = new ClearWay(servers);
                ClearWay latter = new ClearWay(servers);
                Node a = new Node(servers, former.address(), "between", timeout("25 s"));
                Node b = new Node(servers, latter.address(), "between", timeout("25 s"))) {
            Leadership led = a.contend("x").granted();
            Hold creation = former.hold("POST " + ROOTS);
            CompletableFuture<?> writing = write(a, led, "late");
            isCaught(creation);
            former.refuse("PUT " + LEASES, 429, "later"); // as if it were paused
            Hold taking = latter.hold(PUT);
            strip("between", 1);
            TestContender successor = b.contend("x");
            isCaught(taking); // as it saw nothing for a second, and found no root
            Hold entry = former.hold("PUT " + ROOTS);
            creation.release();
            isCaught(entry); // as the Lease still says that it leads
            taking.release();
            Leadership next = successor.granted();
            arrive(former, entry);
            assertThat(entries(b).names("").toCompletableFuture().get(60, TimeUnit.SECONDS))
                    .as("what was written after the grant")
                    .isEmpty();
            assertThatThrownBy(() -> writing.get(60, TimeUnit.SECONDS)).isNotNull();
            write(b, next, "mine").get(60, TimeUnit.SECONDS);
        }
    }

    /** It does not know yet that it was superseded, and finds its successor's seal. */
    @Test
    void aSuccessorsSealIsNotOverwritten() throws Exception {
        try (Node first = new Node(servers, "successor", Node.LONG)) {
            write(first, first.contend("x").granted(), "first").get(60, TimeUnit.SECONDS);
        }
        String name = LeaseEditor.name(leases.of("successor", "x"));
        try (ClearWay way = new ClearWay(servers);
                Node a = new Node(servers, way.address(), "successor", timeout("25 s"));
                Node b = new Node(servers, "successor", Node.LONG)) {
            Hold look = way.hold("GET " + ROOTS);
            TestContender superseded = a.contend("x");
            isCaught(look); // its PUT has taken the Lease
            ClearWay.Refusal puts = way.refuse("PUT " + LEASES, 429, "later");
            way.refuse("GET " + LEASES + "/", 429, "later");
            Hold event = way.proxy()
                    .hold(Direction.TO_CLIENT, message -> new String(message, StandardCharsets.ISO_8859_1)
                            .contains("\"MODIFIED\""));
            leases.release(name);
            Leadership led = b.contend("x").granted();
            write(b, led, "second").get(60, TimeUnit.SECONDS);
            int before = puts.count();
            look.release();
            Waiting.until(() -> puts.count() >= before + 2, () -> "attempts to raise its token in the Lease");
            assertThat(superseded.all()).isEmpty();
            write(b, led, "third").get(60, TimeUnit.SECONDS);
            event.release();
        }
    }

    /** Whoever leaves makes sure of it, or says that it can't. */
    @Test
    void closeIsNotDoneWhileASealMayArrive() throws Exception {
        try (Node first = new Node(servers, "seal", Node.LONG)) {
            write(first, first.contend("x").granted(), "first").get(60, TimeUnit.SECONDS);
        }
        JsonNode before = leases.store("seal", "x").orElseThrow();
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "seal", timeout("1 s"))) {
            Hold seal = way.hold("PUT " + ROOTS);
            node.contend("x");
            isCaught(seal);
            CompletableFuture<Void> closing;
            try (ClearWay.Refusal touches = way.refuse("PUT " + ROOTS, 403, "no")) {
                closing = CompletableFuture.runAsync(node::leave);
                Waiting.until(() -> touches.count() >= 2, () -> "attempts to make sure, closed: " + closing.isDone());
                assertThat(closing).isNotDone();
            }
            closing.get(60, TimeUnit.SECONDS);
            arrive(way, seal);
            assertThat(LeaseEditor.annotation(leases.store("seal", "x").orElseThrow(), "token"))
                    .isEqualTo(LeaseEditor.annotation(before, "token"));
        }
    }

    @Test
    void closeIsNotDoneWhileACreationMayArrive() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "creation", timeout("1 s"))) {
            Leadership led = node.contend("x").granted();
            Hold creation = way.hold("POST " + ROOTS);
            CompletableFuture<?> writing = write(node, led, "late");
            isCaught(creation);
            way.refuse("POST " + ROOTS, 403, "no"); // else the next attempt makes one
            assertThatThrownBy(() -> writing.get(60, TimeUnit.SECONDS)).isNotNull();
            CompletableFuture<Void> closing = CompletableFuture.runAsync(node::leave);
            Waiting.until(() -> LeaseEditor.holder(leases.of("creation", "x")).isEmpty(), () -> "a release");
            long looks = way.requests("GET " + ROOTS);
            Waiting.until(
                    () -> way.requests("GET " + ROOTS) >= looks + 2,
                    () -> "looks for a root, closed: " + closing.isDone());
            assertThat(closing).isNotDone();
            arrive(way, creation);
            closing.get(60, TimeUnit.SECONDS);
        }
    }

    /** It has no holder; so the one who leaves may make it, and what comes late finds it there. */
    @Test
    void closeIsNotDoneWhileTheCreationOfTheLeaseMayArrive() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "lease", timeout("1 s"))) {
            Hold creation = way.hold("POST " + LEASES);
            node.contend("x");
            isCaught(creation);
            node.leave();
            String name = LeaseEditor.name(leases.of("lease", "x"));
            String uid = LeaseEditor.uid(leases.named(name));
            arrive(way, creation);
            assertThat(LeaseEditor.uid(leases.named(name))).isEqualTo(uid);
        }
    }
}
