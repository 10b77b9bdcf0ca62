package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.Diagnosis;
import dev.ha.Health;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.tck.support.Keytool;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RBAC, tokens and TLS, for real. */
@Tag("once")
@TestInstance(Lifecycle.PER_CLASS)
class RightsTest {
    private static final String API = "/api/v1/namespaces/" + TestedCluster.NAMESPACE;
    private KubeServers servers;

    @BeforeAll
    void start() throws Exception {
        servers = KubeServers.start();
    }

    @AfterAll
    void stop() throws Exception {
        servers.close();
    }

    @AfterEach
    void restore() throws Exception {
        servers.allowAll();
    }

    private static void isDenied(TestContender contender, Node node, String text) throws Exception {
        Waiting.until(
                () -> contender.errors().stream()
                        .anyMatch(error -> error instanceof UnavailableException unavailable
                                && unavailable.reason() == Reason.ACCESS_DENIED
                                && String.valueOf(error.getMessage()).contains(text)),
                () -> "an error with '" + text + "', heard " + contender.errors());
        isDown(node);
    }

    private static void isDown(Node node) throws Exception {
        Waiting.until(
                () -> node.services().health().status() == Health.Status.DOWN,
                () -> "health DOWN, is " + node.services().health());
    }

    private static void isUp(Node node) throws Exception {
        Waiting.until(
                () -> node.services().health().status() == Health.Status.UP,
                () -> "health UP, is " + node.services().health());
    }

    // ---- verbs

    @Test
    void theDocumentedRoleIsEnoughForAllThatIsDiagnosed() throws Exception {
        try (Node node = new Node(servers, "enough", Node.LONG)) {
            node.contend("x").granted();
            assertThat(node.services().diagnose()).allMatch(Diagnosis::passed);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"get", "list", "watch", "create", "update"})
    void aMissingVerbIsNamedAndHealthIsDownUntilItIsGranted(String verb) throws Exception {
        servers.forbid(verb);
        try (Node node = new Node(servers, "verb-" + verb, Node.SHORT)) {
            TestContender contender = node.contend("x");
            isDenied(contender, node, verb);
            assertThat(node.services().diagnose())
                    .as("ha doctor names it too")
                    .anyMatch(diagnosis ->
                            !diagnosis.passed() && diagnosis.detail().contains(verb));
            servers.allowAll();
            contender.granted().confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
            node.follow("x").await("here");
            isUp(node);
        }
    }

    @Test
    void aLeaderWhoseRightIsTakenAwayIsNoLeaderWhenItsDeadlineIsOver() throws Exception {
        try (Node node = new Node(servers, "taken", Node.SHORT)) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            servers.forbid("update");
            assertThat(contender.revoked()).isSameAs(led);
            isDenied(contender, node, "update");
            servers.allowAll();
            assertThat(contender.granted().fencingToken()).isGreaterThan(led.fencingToken());
            isUp(node);
        }
    }

    @Test
    void aFollowerThatMayNotReadIsToldUntilItMay() throws Exception {
        try (Node leading = new Node(servers, "blind", Node.LONG)) {
            leading.contend("x").granted().confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
            servers.forbid("get");
            servers.forbid("list");
            servers.forbid("watch");
            try (Node node = new Node(servers, "blind", Node.SHORT)) {
                TestListener listener = node.follow("x");
                listener.await(LeaderInformation.Unknown.class);
                isDown(node);
                servers.allowAll();
                listener.await("here");
                isUp(node);
            }
        }
    }

    // ---- tokens

    /** A token as a pod has it: of a service account, and void as soon as the object is gone that it is bound to. */
    private String token(String account, String binding) throws Exception {
        String secret = servers.admin()
                .post(API + "/secrets", "{\"metadata\":{\"name\":\"%s\"}}".formatted(binding))
                .path("metadata")
                .path("uid")
                .asText();
        return servers.admin()
                .post(API + "/serviceaccounts/" + account + "/token", """
                        {"spec":{"expirationSeconds":3600,
                         "boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"%s","uid":"%s"}}}""".formatted(binding, secret))
                .path("status")
                .path("token")
                .asText();
    }

    private void revoke(String binding) throws Exception {
        servers.admin().delete(API + "/secrets/" + binding);
    }

    /** In one step, as kubelet does. */
    private static void write(Path file, String token) throws Exception {
        Path fresh = file.resolveSibling("fresh");
        Files.writeString(fresh, token);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void aTokenFileThatIsRotatedIsReadAgainAndNobodyNotices(@TempDir Path files) throws Exception {
        servers.admin().post(API + "/serviceaccounts", "{\"metadata\":{\"name\":\"pod\"}}");
        servers.bind(
                "{\"kind\":\"ServiceAccount\",\"name\":\"pod\",\"namespace\":\"%s\"}"
                        .formatted(TestedCluster.NAMESPACE),
                "pod");
        Path file = files.resolve("token");
        write(file, token("pod", "first"));
        Map<String, String> settings = new HashMap<>(Node.timing(15, 10, 2));
        settings.put("master-url", servers.url());
        settings.put("namespace", TestedCluster.NAMESPACE);
        settings.put("token-file", file.toString());
        settings.put("tls.ca", servers.certificate().toString());
        try (Node node = new Node("rotated", settings)) {
            TestContender contender = node.contend("x");
            TestListener listener = node.follow("x");
            Leadership led = contender.granted();
            led.confirm("first").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("first");

            write(file, token("pod", "second"));
            revoke("first");
            TimeUnit.SECONDS.sleep(25); // the server remembers a token for 10 s, and the deadline is 10 s
            assertThat(led.isValid()).isTrue();
            assertThat(contender.errors()).isEmpty();

            revoke("second"); // and nobody has rotated it
            assertThat(contender.revoked()).isSameAs(led);
            Waiting.until(() -> contender.lastError() != null, () -> "an error");
            isDown(node);
            String former = Files.readString(file);
            write(file, token("pod", "third"));
            contender.granted().confirm("third").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("third");
            isUp(node);
            assertThat(contender.errors().toString()).doesNotContain(former);
        }
    }

    @Test
    void aTokenThatTheServerDoesNotKnowIsAClearErrorThatDoesNotShowIt() throws Exception {
        Path kubeconfig = servers.kubeconfig(servers.url(), "token: no-such-secret-token");
        try (Node node = new Node(kubeconfig, "unknown", Node.SHORT)) {
            TestContender contender = node.contend("x");
            isDenied(contender, node, "401");
            assertThat(contender.errors().toString()).doesNotContain("no-such-secret");
            assertThat(node.services().diagnose().toString()).doesNotContain("no-such-secret");
        }
    }

    @Test
    void aNamespaceThatIsNotThereIsNamed() throws Exception {
        Path kubeconfig = servers.kubeconfig(servers.url(), servers.adminCredentials());
        Map<String, String> settings = new HashMap<>(Node.SHORT);
        settings.put("namespace", "no-such-namespace");
        try (Node node = new Node(kubeconfig, "nowhere", settings)) {
            TestContender contender = node.contend("x");
            Waiting.until(
                    () -> contender.lastError() != null
                            && String.valueOf(contender.lastError().getMessage())
                                    .contains("no-such-namespace"),
                    () -> "an error that names it, heard " + contender.errors());
            servers.admin().post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"no-such-namespace\"}}");
            contender.granted();
        }
    }

    // ---- TLS

    @Test
    void aServerThatIsNotTrustedIsAClearErrorUntilItIs(@TempDir Path files) throws Exception {
        Keytool.keyPair(files, "stranger", "CN=stranger", "san=ip:127.0.0.1");
        Path ca = files.resolve("stranger.crt");
        Map<String, String> settings = new HashMap<>(Node.SHORT);
        settings.put("master-url", servers.url());
        settings.put("namespace", TestedCluster.NAMESPACE);
        settings.put("token", servers.userToken());
        settings.put("tls.ca", ca.toString());
        try (Node node = new Node("distrusting", settings)) {
            TestContender contender = node.contend("x");
            Waiting.until(
                    () -> String.valueOf(contender.lastError()).contains("certification path"),
                    () -> "an error, heard " + contender.errors());
            assertThat(contender.isGranted()).isFalse();
            assertThat(contender.errors().toString()).doesNotContain(servers.userToken());
            Files.copy(servers.certificate(), ca, StandardCopyOption.REPLACE_EXISTING);
            contender.granted();
        }
    }

    /** Each client has threads of its own, which end some time after it. */
    @Test
    void aServerThatIsNotTrustedCostsNoClientForEachAttempt(@TempDir Path files) throws Exception {
        Keytool.keyPair(files, "stranger", "CN=stranger", "san=ip:127.0.0.1");
        Map<String, String> settings = new HashMap<>(Node.SHORT);
        settings.put("master-url", servers.url());
        settings.put("namespace", KubeServers.NAMESPACE);
        settings.put("token", servers.userToken());
        settings.put("tls.ca", files.resolve("stranger.crt").toString());
        int before = clients();
        try (Node node = new Node("many-clients", settings)) {
            for (int i = 0; i < 40; i++) {
                CompletableFuture<?> read =
                        node.services().stores("x").entries().names("").toCompletableFuture();
                assertThatThrownBy(() -> read.get(60, TimeUnit.SECONDS)).hasMessageContaining("certification path");
            }
            assertThat(clients() - before).as("clients for 40 attempts").isLessThan(10);
        }
    }

    /** How many clients of the JDK there were up to now: it counts them in the names of their threads. */
    private static int clients() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.matches("HttpClient-[0-9]+-SelectorManager"))
                .mapToInt(name -> Integer.parseInt(name.split("-", -1)[1]))
                .max()
                .orElse(0);
    }

    // ---- what can't be sent

    /** What can't even be built must not take the place of what can. */
    @Test
    void aNamespaceThatIsNoneIsNamedEachTime() throws Exception {
        Path kubeconfig = servers.kubeconfig(servers.url(), servers.adminCredentials());
        Files.writeString(
                kubeconfig,
                Files.readString(kubeconfig).replace("namespace: " + KubeServers.NAMESPACE, "namespace: \"a b\""));
        try (Node node = new Node(kubeconfig, "blank", Node.SHORT)) {
            for (int i = 0; i < 100; i++) {
                CompletableFuture<?> read =
                        node.services().stores("x").entries().names("").toCompletableFuture();
                assertThatThrownBy(() -> read.get(60, TimeUnit.SECONDS)).hasMessageContaining("a blank in");
            }
        }
    }
}
