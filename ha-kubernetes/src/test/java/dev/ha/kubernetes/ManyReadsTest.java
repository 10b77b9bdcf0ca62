package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Leadership;
import dev.ha.store.EntryStore;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** However much users read, leaderships are kept, and each read is as new as if it were alone (rules 1.8, 6.2). */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class ManyReadsTest {
    private static final String ROOTS = "/api/v1/namespaces/" + KubeServers.NAMESPACE + "/configmaps";
    private KubeServers servers;

    @BeforeAll
    void start() throws Exception {
        servers = KubeServers.start();
    }

    @AfterAll
    void stop() throws Exception {
        servers.close();
    }

    private static Map<String, String> patient() {
        Map<String, String> timing = new HashMap<>(Node.LONG);
        timing.put("request-timeout", "25 s");
        return timing;
    }

    private static EntryStore entries(Node node) {
        return node.services().stores("x").entries();
    }

    private static void write(Node node, Leadership led, String name) throws Exception {
        entries(node)
                .create(led, name, "v".getBytes(StandardCharsets.UTF_8))
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
    }

    private static CompletableFuture<Set<String>> names(Node node) {
        return entries(node).names("").toCompletableFuture();
    }

    private static void isCaught(Hold hold) throws InterruptedException {
        assertThat(hold.awaitCaught(Waiting.patience())).as("the message").isTrue();
    }

    @Test
    void manyReadsOfOneRootAreFewRequests() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "few", patient())) {
            write(node, node.contend("x").granted(), "first");
            long before = way.requests("GET " + ROOTS);
            Hold one = way.hold("GET " + ROOTS);
            CompletableFuture<Set<String>> first = names(node);
            isCaught(one);
            Hold two = way.hold("GET " + ROOTS);
            CompletableFuture<Set<String>> second = names(node);
            isCaught(two);
            List<CompletableFuture<Set<String>>> reads = new ArrayList<>(List.of(first, second));
            for (int i = 0; i < 500; i++) {
                reads.add(names(node));
            }
            one.release();
            two.release();
            for (CompletableFuture<Set<String>> read : reads) {
                assertThat(read.get(60, TimeUnit.SECONDS)).containsExactly("first");
            }
            assertThat(way.requests("GET " + ROOTS) - before)
                    .as("requests for %s reads", reads.size())
                    .isLessThan(50); // some more may have been asked when the first were answered
        }
    }

    /** An answer that was given before somebody asked says nothing to them. */
    @Test
    void aReadIsNeverAnsweredByAnEarlierRequest() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "newest", patient())) {
            Leadership led = node.contend("x").granted();
            write(node, led, "first");
            List<Hold> answers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Hold answer = way.proxy()
                        .hold(Direction.TO_CLIENT, message -> new String(message, StandardCharsets.ISO_8859_1)
                                .contains("\"kind\":\"ConfigMap\""));
                answers.add(answer);
                CompletableFuture<?> unused = names(node);
                isCaught(answer);
            }
            write(node, led, "second");
            CompletableFuture<Set<String>> read = names(node);
            answers.forEach(Hold::release);
            assertThat(read.get(60, TimeUnit.SECONDS)).containsExactlyInAnyOrder("first", "second");
        }
    }

    @Test
    void readsThatHangDelayNoRenewal() throws Exception {
        try (ClearWay way = new ClearWay(servers, true);
                Node node = new Node(servers, way.address(), "flood", Node.SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            way.swallow("GET " + ROOTS);
            for (int round = 0; round < 60; round++) { // 9 s, which is more than a lease
                for (int i = 0; i < 20; i++) {
                    CompletableFuture<?> unused = node.services()
                            .stores("other-" + round + "-" + i)
                            .entries()
                            .names("")
                            .toCompletableFuture();
                }
                TimeUnit.MILLISECONDS.sleep(150);
            }
            assertThat(led.isValid()).isTrue();
            assertThat(contender.all()).hasSize(1);
        }
    }
}
