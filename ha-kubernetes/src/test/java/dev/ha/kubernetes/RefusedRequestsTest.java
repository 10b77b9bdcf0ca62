package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ha.Health;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.OutcomeUnknownException;
import dev.ha.store.EntryStore;
import dev.ha.tck.FaultProxy.Hold;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** A server that reads and does not write, as one does whose etcd is full or whose webhooks are down; and what was stripped, and what is secret. */
@TestInstance(Lifecycle.PER_CLASS)
class RefusedRequestsTest {
    private static final String LEASES =
            "/apis/coordination.k8s.io/v1/namespaces/" + TestedCluster.NAMESPACE + "/leases";
    private static final String ROOTS = "/api/v1/namespaces/" + TestedCluster.NAMESPACE + "/configmaps";
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

    private static EntryStore entries(Node node) {
        return node.services().stores("x").entries();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void write(Node node, Leadership led, String name) throws Exception {
        entries(node).create(led, name, bytes("v")).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private void withRoot(String cluster) throws Exception {
        try (Node node = new Node(servers, cluster, Node.SHORT)) {
            write(node, node.contend("x").granted(), "first");
        }
    }

    private static long token(JsonNode lease) {
        return KubeApi.json(LeaseEditor.annotation(lease, "record"))
                .path("token")
                .asLong();
    }

    private static void hears(TestContender contender, String text) throws Exception {
        Waiting.until(
                () -> contender.errors().toString().contains(text),
                () -> "an error with '" + text + "', heard " + contender.errors());
    }

    // ---- the seal

    /** SAFETY S5: that PUT proves that nobody has taken the lock; a larger seal without it would be that of a successor, overwritten. */
    @Test
    void aSealThatIsInTheWayIsNotOverwrittenBeforeTheLeaseSaysTheLargerToken() throws Exception {
        withRoot("raised");
        String root = ROOTS + "/" + LeaseEditor.name(leases.store("raised", "x").orElseThrow());
        servers.admin().edit(root, found -> LeaseEditor.annotate(found, "token", "1000000000"));
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "raised", Node.LONG)) {
            Hold look = way.hold("GET " + ROOTS);
            TestContender contender = node.contend("x");
            assertThat(look.awaitCaught(Waiting.patience())).isTrue();
            try (ClearWay.Refusal refusal = way.refuse("PUT " + LEASES, 429, "later")) {
                look.release();
                Waiting.until(() -> refusal.count() >= 3, () -> "three PUTs");
                assertThat(contender.isGranted()).isFalse();
                assertThat(LeaseEditor.annotation(servers.admin().get(root), "token"))
                        .isEqualTo("1000000000");
            }
            Leadership led = contender.granted();
            assertThat(led.fencingToken()).isEqualTo(1000000001L).isEqualTo(token(leases.of("raised", "x")));
            write(node, led, "second");
        }
    }

    /** SAFETY S5: else the lock would be held for ever by the one process that can't use it. */
    @Test
    void whoCanNotSealGivesUpAndAnotherOneLeads() throws Exception {
        withRoot("unsealed");
        try (ClearWay way = new ClearWay(servers);
                Node unable = new Node(servers, way.address(), "unsealed", Node.SHORT);
                Node able = new Node(servers, "unsealed", Node.SHORT)) {
            ClearWay.Refusal refusal = way.refuse("PUT " + ROOTS, 403, "configmaps is forbidden");
            TestContender a = unable.contend("x");
            hears(a, "configmaps is forbidden");
            able.contend("x").granted();
            assertThat(a.all()).isEmpty();
            assertThat(refusal.count()).isPositive();
        }
    }

    // ---- writes only

    @Test
    void whoCanNotContendAsTheServerDoesNotWriteSaysSo() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "full", Node.SHORT)) {
            TestContender contender;
            try (ClearWay.Refusal posts = way.refuse("POST " + LEASES, 500, "space exceeded")) {
                contender = node.contend("x");
                hears(contender, "space exceeded");
                Waiting.until(
                        () -> node.services().health().status() == Health.Status.DOWN,
                        () -> "health DOWN, is " + node.services().health());
                assertThat(posts.count()).isPositive();
            }
            contender.granted();
            Waiting.until(
                    () -> node.services().health().status() == Health.Status.UP,
                    () -> "health UP, is " + node.services().health());
        }
    }

    @Test
    void whoCanNotTakeAsTheServerDoesNotWriteSaysSo() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "no-puts", Node.SHORT)) {
            TestContender contender;
            try (ClearWay.Refusal puts = way.refuse("PUT " + LEASES, 500, "failed calling webhook")) {
                contender = node.contend("x");
                hears(contender, "failed calling webhook");
                assertThat(puts.count()).isPositive();
            }
            contender.granted();
        }
    }

    @Test
    void aLeaderWhoseServerDoesNotWriteSaysSoAndDoesNotStormIt() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "storm", Node.LONG)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            try (ClearWay.Refusal puts = way.refuse("PUT " + LEASES, 500, "failed calling webhook")) {
                hears(contender, "failed calling webhook");
                TimeUnit.SECONDS.sleep(5); // in which a loop without a pause sends hundreds
                assertThat(puts.count()).isLessThan(30);
            }
            led.confirm("again").toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertThat(led.isValid()).isTrue();
        }
    }

    /** The server counts bytes, and would refuse each renewal that carries them. */
    @Test
    void anAddressForWhichThereIsNoRoomCostsNoLeadership() throws Exception {
        try (Node node = new Node(servers, "large", Node.SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            assertThatThrownBy(() -> led.confirm("\u6f22".repeat(90_000))
                            .toCompletableFuture()
                            .get(60, TimeUnit.SECONDS))
                    .isNotNull(); // it is tried again and again, longer than a lease
            String name = LeaseEditor.name(leases.of("large", "x"));
            var before = LeaseEditor.renewed(leases.named(name));
            Waiting.until(() -> LeaseEditor.renewed(leases.named(name)).isAfter(before), () -> "the next renewal");
            assertThat(led.isValid()).isTrue();
        }
    }

    // ---- the root

    /** What was sent first is still bound to the present resourceVersion, whatever is said of what was sent second. */
    @Test
    void aWriteIsUnknownWhileAnEarlierAttemptMayArrive() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "attempts", Node.SHORT)) {
            Leadership led = node.contend("x").granted();
            write(node, led, "first");
            Hold attempt = way.hold("PUT " + ROOTS);
            CompletableFuture<?> second =
                    entries(node).create(led, "second", bytes("v")).toCompletableFuture();
            assertThat(attempt.awaitCaught(Waiting.patience())).isTrue();
            try (ClearWay.Refusal refusal = way.refuse("PUT " + ROOTS, 429, "later")) {
                assertThatThrownBy(() -> second.get(60, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(OutcomeUnknownException.class);
                assertThat(refusal.count()).isPositive();
            }
            attempt.release();
        }
    }

    /** Of a proxy that has given up waiting, while the server may still carry the request out. */
    @Test
    void whatNoApiServerSaysIsNoAnswer() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "proxy", Node.LONG)) {
            Leadership led = node.contend("x").granted();
            write(node, led, "first");
            for (int code : new int[] {408, 499}) {
                try (ClearWay.Refusal refusal = way.refuse("PUT " + ROOTS, code, "client closed request")) {
                    assertThatThrownBy(() -> write(node, led, "code-" + code))
                            .hasCauseInstanceOf(OutcomeUnknownException.class);
                    assertThat(refusal.count()).isPositive();
                }
            }
        }
    }

    // ---- Retry-After

    @Test
    void aServerThatWantsToBeLeftAloneIs() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "alone", Node.LONG)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            for (int code : new int[] {429, 503}) {
                try (ClearWay.Refusal puts = way.refuse("PUT " + LEASES, code, "later", "Retry-After: 6\r\n")) {
                    Waiting.until(() -> puts.count() >= (code == 503 ? 3 : 2), () -> "another PUT");
                    int last = puts.count() - 1; // of a 503 the first may be taken for a request that got lost
                    assertThat(puts.times().get(last) - puts.times().get(last - 1))
                            .as("pause after %s", code)
                            .isGreaterThan(TimeUnit.SECONDS.toNanos(5));
                }
                var before = LeaseEditor.renewed(leases.of("alone", "x"));
                Waiting.until(() -> LeaseEditor.renewed(leases.of("alone", "x")).isAfter(before), () -> "a renewal");
            }
            assertThat(led.isValid()).isTrue();
            assertThat(contender.all()).hasSize(1);
        }
    }

    @Test
    void butNotForLongerThanTheDeadlineAllows() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node node = new Node(servers, way.address(), "too-long", Node.timing(30, 20, 2))) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            try (ClearWay.Refusal puts = way.refuse("PUT " + LEASES, 429, "later", "Retry-After: 3600\r\n")) {
                Waiting.until(() -> puts.count() >= 2, () -> "another PUT");
            }
            led.confirm("in-time").toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertThat(contender.all()).hasSize(1);
        }
    }

    // ---- one of many

    /** The others are watched as before, and their followers hear nothing of it. */
    @Test
    void anElectionThatCanNotBeReadIsNoTroubleOfTheOthers() throws Exception {
        try (ClearWay way = new ClearWay(servers);
                Node leading = new Node(servers, "many", Node.LONG);
                Node following = new Node(servers, way.address(), "many", Node.LONG)) {
            TestContender good = leading.contend("good");
            Leadership led = good.granted();
            led.confirm("good-1").toCompletableFuture().get(60, TimeUnit.SECONDS);
            Leadership bad = leading.contend("bad").granted();
            bad.confirm("bad-1").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestListener ill = following.follow("bad");
            TestListener well = following.follow("good");
            ill.await("bad-1");
            well.await("good-1");
            String name = LeaseEditor.name(leases.of("many", "bad"));
            String watches = "GET " + LEASES + "?watch=true";
            Waiting.until(() -> way.requests(watches) > 0, () -> "a watch; what it begins with is told before");
            long before = way.requests(watches);
            try (ClearWay.Refusal reads = way.refuse("GET " + LEASES + "/" + name, 500, "can not be decrypted")) {
                leases.edit(
                        name, lease -> ((ObjectNode) lease.path("metadata")).remove("labels")); // seen as a deletion
                ill.await(LeaderInformation.Unknown.class);
                Waiting.until(() -> reads.count() >= 3, () -> "more attempts");
                led.resign();
                good.granted().confirm("good-2").toCompletableFuture().get(60, TimeUnit.SECONDS);
                well.await("good-2");
            }
            ill.await("bad-1");
            assertThat(well.seen()).noneMatch(LeaderInformation.Unknown.class::isInstance);
            assertThat(way.requests(watches)).as("watches").isEqualTo(before);
        }
    }

    // ---- stripped

    /** A successor that believes there is no root would not seal it. */
    @Test
    void aReleaseSaysWhatWasStripped() throws Exception {
        Leadership led;
        try (Node node = new Node(servers, "stripped-release", Node.LONG)) {
            led = node.contend("x").granted();
            write(node, led, "first");
            String name = LeaseEditor.name(leases.of("stripped-release", "x"));
            leases.edit(name, lease -> ((ObjectNode) lease.path("metadata")).remove("annotations"));
        }
        JsonNode released = leases.of("stripped-release", "x");
        assertThat(LeaseEditor.holder(released)).isEmpty();
        assertThat(LeaseEditor.annotation(released, "store")).isEqualTo("true");
        assertThat(LeaseEditor.annotation(released, "history")).isEqualTo(led.historyId());
        assertThat(token(released)).isEqualTo(led.fencingToken());
    }

    // ---- credentials

    @Test
    void noMessageQuotesTheFileThatATokenIsIn(@TempDir Path files) throws Exception {
        Path torn = Files.writeString(files.resolve("token"), "SECRET-abc\ndef");
        Map<String, String> settings = new HashMap<>(Node.SHORT);
        settings.put("master-url", servers.url());
        settings.put("namespace", TestedCluster.NAMESPACE);
        settings.put("token-file", torn.toString());
        settings.put("tls.ca", servers.certificate().toString());
        try (Node node = new Node("torn-file", settings)) {
            tellsNoSecret(node, torn.toString());
        }
        String[] users = {"token: \"SECRET-abc\\ndef\"", "token: SECRET-abc: [", "exec: SECRET-abc"};
        for (String user : users) {
            Path kubeconfig = servers.kubeconfig(servers.url(), user);
            try (Node node = new Node(kubeconfig, "torn", Node.SHORT)) {
                tellsNoSecret(node, user.startsWith("token: \"") ? "the token" : kubeconfig.toString());
            }
        }
    }

    private static void tellsNoSecret(Node node, String named) throws Exception {
        TestContender contender = node.contend("x");
        hears(contender, named);
        for (Throwable told : contender.errors()) {
            for (Throwable cause = told; cause != null; cause = cause.getCause()) {
                assertThat(cause.toString()).doesNotContain("SECRET");
            }
        }
        assertThat(node.services().health().toString()).doesNotContain("SECRET");
        assertThat(node.services().diagnose().toString()).doesNotContain("SECRET");
    }

    @Test
    void aCredentialPlugInThatHangsIsAClearError() throws Exception {
        String user = "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: sleep, args: ['15']}";
        try (Node node = new Node(servers.kubeconfig(servers.url(), user), "hangs", Node.SHORT)) {
            hears(node.contend("x"), "credential plug-in");
        }
    }
}
