package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConfigurationException;
import dev.ha.Diagnosis;
import dev.ha.Health;
import dev.ha.HighAvailability;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.support.Keytool;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Authentication and TLS, for real. */
class SecurityTest {
    private static final String ROOT = "--user=root:root-secret";

    private static Map<String, String> login(String user, String password) {
        return Map.of("username", user, "password", password, "lease-ttl", "10 s");
    }

    private static EtcdServers withUsers() throws Exception {
        EtcdServers servers =
                EtcdServers.start(EtcdServers.NEW, 1, List.of("--auth-token=simple", "--auth-token-ttl=10"));
        servers.ctl("user", "add", "root:root-secret");
        servers.ctl("user", "add", "alice:wonder");
        servers.ctl("role", "add", "ha");
        servers.ctl("role", "grant-permission", "ha", "--prefix=true", "readwrite", "/ha/");
        servers.ctl("user", "grant-role", "alice", "ha");
        servers.ctl("user", "add", "bob:builder");
        servers.ctl("role", "add", "reader");
        servers.ctl("role", "grant-permission", "reader", "--prefix=true", "read", "/ha/");
        servers.ctl("user", "grant-role", "bob", "reader");
        servers.ctl("auth", "enable");
        return servers;
    }

    @Test
    void aLoginThatRunsOutIsRenewedAndNobodyNotices() throws Exception {
        try (EtcdServers servers = withUsers();
                Node node = new Node(servers.endpoints(), "auth", login("alice", "wonder"));
                Node standby = new Node(servers.endpoints(), "auth", login("alice", "wonder"))) {
            TestContender contender = node.contend("x");
            Leadership led = contender.granted();
            led.confirm("first").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestListener listener = standby.follow("x");
            listener.await("first");
            TestContender waiting = standby.contend("x");
            TimeUnit.SECONDS.sleep(25); // two and a half logins
            assertThat(led.isValid()).isTrue();
            assertThat(contender.errors()).isEmpty();
            node.contend("late").granted().confirm("late").toCompletableFuture().get(60, TimeUnit.SECONDS);
            standby.follow("late").await("late");
            node.leave();
            waiting.granted().confirm("second").toCompletableFuture().get(60, TimeUnit.SECONDS);
            listener.await("second");
            assertThat(standby.services().diagnose()).allMatch(Diagnosis::passed);
            assertThat(standby.services().diagnose().toString()).doesNotContain("wonder");
        }
    }

    /** A login is good on all servers, and costs each some work. */
    @Test
    void aLoginIsKeptForTheNextConnectionAndRenewedOnceForAll() throws Exception {
        try (EtcdServers servers = withUsers();
                FaultProxy proxy = FaultProxy.before(servers.addresses().get(0));
                Node node = new Node("127.0.0.1:" + proxy.address().getPort(), "auth", login("alice", "wonder"))) {
            EtcdServers.Server server = servers.get(0);
            node.contend("x").granted().confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
            List<TestListener> listeners = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                listeners.add(node.follow("x" + i));
            }
            TestListener listener = node.follow("x");
            listener.await("here");
            long logins = server.handled("Authenticate");
            for (int round = 0; round < 3; round++) {
                int before = proxy.connections();
                proxy.hangUp();
                Waiting.until(() -> proxy.connections() > before, () -> "another connection");
                node.contend("round" + round).granted();
            }
            assertThat(server.handled("Authenticate")).isEqualTo(logins);

            server.kill(); // it forgets all logins, and its counts
            server.start();
            server.awaitServing();
            for (int i = 0; i < 50; i++) {
                node.contend("x" + i).granted().confirm("there " + i);
            }
            for (int i = 0; i < 50; i++) {
                listeners.get(i).await("there " + i);
            }
            assertThat(server.handled("Authenticate")).isBetween(1L, 3L);
        }
    }

    @Test
    void wrongCredentialsAreAClearErrorUntilTheyArePutRight() throws Exception {
        try (EtcdServers servers = withUsers();
                Node mallory = new Node(servers.endpoints(), "auth", login("alice", "wrong"));
                Node nobody = new Node(servers.endpoints(), "auth", Map.of("lease-ttl", "10 s"));
                Node reader = new Node(servers.endpoints(), "auth", login("bob", "builder"))) {
            TestContender refused = mallory.contend("x");
            isDenied(refused, mallory, "authentication failed");
            isDenied(nobody.contend("x"), nobody, "user name");
            TestContender mayNot = reader.contend("x");
            isDenied(mayNot, reader, "permission denied");
            assertThat(reader.services().diagnose())
                    .anyMatch(diagnosis ->
                            !diagnosis.passed() && diagnosis.detail().contains("permission denied"));
            servers.ctl(ROOT, "role", "grant-permission", "reader", "--prefix=true", "readwrite", "/ha/");
            mayNot.granted();
            Waiting.until(
                    () -> reader.services().health().status() == Health.Status.UP,
                    () -> "health UP, is " + reader.services().health());
            reader.leave();
            servers.ctlWithInput("wrong\n", ROOT, "user", "passwd", "alice", "--interactive=false");
            refused.granted();
        }
    }

    @Test
    void anElectionThatIsForbiddenDoesTheOthersNoHarm() throws Exception {
        try (EtcdServers servers = withUsers()) {
            servers.ctl(ROOT, "user", "add", "carol:some-secret");
            servers.ctl(ROOT, "role", "add", "some");
            servers.ctl(ROOT, "user", "grant-role", "carol", "some");
            for (String prefix : List.of("gen/", "probe", "elections/mine/")) {
                servers.ctl(
                        ROOT, "role", "grant-permission", "some", "--prefix=true", "readwrite", "/ha/auth/" + prefix);
            }
            try (Node node = new Node(servers.endpoints(), "auth", login("carol", "some-secret"))) {
                TestContender allowed = node.contend("mine"); // both in one transaction
                TestContender forbidden = node.contend("other");
                TestListener listener = node.follow("mine");
                TestListener blind = node.follow("other");
                Leadership led = allowed.granted();
                led.confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
                isDenied(forbidden, node, "permission denied");
                blind.await(LeaderInformation.Unknown.class);
                listener.await("here");
                int heard = listener.seen().size();
                TimeUnit.SECONDS.sleep(5); // and it is denied again and again
                listener.await("here");
                assertThat(listener.seen()).hasSizeLessThan(heard + 3);
                try (Node late = new Node(servers.endpoints(), "auth", login("carol", "some-secret"))) {
                    TestListener sees = late.follow("mine");
                    sees.await("here");
                    late.follow("other").await(LeaderInformation.Unknown.class);
                    Waiting.until(
                            () -> late.services().health().status() == Health.Status.DOWN,
                            () -> "health DOWN, is " + late.services().health());
                    sees.await("here"); // again, for the engine tells all of a denial
                }
                servers.ctl(ROOT, "role", "grant-permission", "some", "--prefix=true", "readwrite", "/ha/auth/");
                forbidden.granted().confirm("there").toCompletableFuture().get(60, TimeUnit.SECONDS);
                blind.await("there");
                listener.await("here");
                Waiting.until(
                        () -> node.services().health().status() == Health.Status.UP,
                        () -> "health UP, is " + node.services().health());
                assertThat(led.isValid()).isTrue();
            }
        }
    }

    private static void isDenied(TestContender contender, Node node, String text) throws Exception {
        Waiting.until(
                () -> contender.errors().stream()
                        .anyMatch(error -> error instanceof UnavailableException unavailable
                                && unavailable.reason() == Reason.ACCESS_DENIED
                                && String.valueOf(error.getMessage()).contains(text)),
                () -> "an error with '" + text + "', heard " + contender.errors());
        assertThat(node.services().health().status()).isEqualTo(Health.Status.DOWN);
        assertThat(contender.isGranted()).isFalse();
    }

    @Test
    void settingsThatContradictEachOtherAreRefused() {
        isRefused(Map.of("username", "alice"), "high-availability.etcd.password is missing");
        isRefused(Map.of("tls.key", "/k"), "high-availability.etcd.tls.certificate is missing");
        isRefused(Map.of("endpoints", "http://a:1,https://b:1"), "must all be https://");
        isRefused(Map.of("endpoints", "a:1,b/c:1"), "high-availability.etcd.endpoints");
        isRefused(Map.of("lease-ttl", "2 s"), "at least 3 s");
        isRefused(Map.of("lease-ttl", "3500 ms"), "whole seconds");
        isRefused(Map.of("tls.authority", "user@host"), "must be the name of a host");
        isRefused(Map.of("namespace", "ha"), "must begin with a /");
    }

    private static void isRefused(Map<String, String> settings, String message) {
        Map<String, String> all = new java.util.HashMap<>(
                Map.of("high-availability.mode", "etcd", "high-availability.etcd.endpoints", "localhost:1"));
        settings.forEach((key, value) -> all.put("high-availability.etcd." + key, value));
        assertThatThrownBy(() -> HighAvailability.create(all))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(message);
    }

    // ---- TLS

    @Test
    void speaksTlsWithBothSidesAuthenticated(@TempDir Path files) throws Exception {
        Keytool.keyPair(files, "server", "CN=localhost", "san=dns:localhost,ip:127.0.0.1");
        Keytool.keyPair(files, "client", "CN=client", "san=dns:client");
        try (EtcdServers servers = EtcdServers.start(
                EtcdServers.NEW,
                1,
                List.of(
                        "--cert-file=" + files.resolve("server.crt"),
                        "--key-file=" + files.resolve("server.key"),
                        "--client-cert-auth",
                        "--trusted-ca-file=" + files.resolve("client.crt")))) {
            Map<String, String> mutual = Map.of(
                    "tls.ca", files.resolve("server.crt").toString(),
                    "tls.certificate", files.resolve("client.crt").toString(),
                    "tls.key", files.resolve("client.key").toString(),
                    "lease-ttl", "10 s");
            try (Node node = new Node(servers.endpoints(), "tls", mutual)) {
                Leadership led = node.contend("x").granted();
                led.confirm("tcp://tls").toCompletableFuture().get(60, TimeUnit.SECONDS);
                node.follow("x").await("tcp://tls");
                assertThat(node.services().diagnose()).allMatch(Diagnosis::passed);
            }
            Map<String, String> distrusting = Map.of(
                    "tls.ca", files.resolve("client.crt").toString(),
                    "tls.certificate", files.resolve("client.crt").toString(),
                    "tls.key", files.resolve("client.key").toString());
            try (Node node = new Node(servers.endpoints(), "tls", distrusting)) {
                TestContender refused = node.contend("x");
                Waiting.until(() -> refused.lastError() != null, () -> "an error");
                assertThat(refused.lastError()).hasMessageContaining("certification path");
                assertThat(refused.isGranted()).isFalse();
            }
            try (Node node = new Node("127.0.0.1:" + servers.addresses().get(0).getPort(), "tls", Map.of())) {
                TestContender refused = node.contend("x");
                Waiting.until(() -> refused.lastError() != null, () -> "an error");
                assertThat(refused.isGranted()).isFalse();
            }
        }
    }

    @Test
    void tlsFilesThatAreNotThereAreAClearErrorUntilTheyAre(@TempDir Path files) throws Exception {
        Keytool.keyPair(files, "server", "CN=localhost", "san=dns:localhost,ip:127.0.0.1");
        try (EtcdServers servers = EtcdServers.start(
                        EtcdServers.NEW,
                        1,
                        List.of(
                                "--cert-file=" + files.resolve("server.crt"),
                                "--key-file=" + files.resolve("server.key")));
                Node node = new Node(
                        servers.endpoints(),
                        "late",
                        Map.of("tls.ca", files.resolve("late.crt").toString()))) {
            TestContender contender = node.contend("x");
            Waiting.until(() -> contender.lastError() != null, () -> "an error");
            assertThat(contender.lastError()).hasMessageContaining("tls.*");
            Files.copy(files.resolve("server.crt"), files.resolve("late.crt"));
            contender.granted();
        }
    }

    @Test
    void tlsFilesThatAreReplacedAreReadAgain(@TempDir Path files) throws Exception {
        Keytool.keyPair(files, "server", "CN=localhost", "san=dns:localhost,ip:127.0.0.1");
        Keytool.keyPair(files, "former", "CN=localhost", "san=dns:localhost,ip:127.0.0.1");
        Path trusted = Files.copy(files.resolve("former.crt"), files.resolve("trusted.crt"));
        try (EtcdServers servers = EtcdServers.start(
                        EtcdServers.NEW,
                        1,
                        List.of(
                                "--cert-file=" + files.resolve("server.crt"),
                                "--key-file=" + files.resolve("server.key")));
                Node node = new Node(servers.endpoints(), "replaced", Map.of("tls.ca", trusted.toString()))) {
            TestContender contender = node.contend("x");
            Waiting.until(() -> contender.lastError() != null, () -> "an error");
            Files.copy(files.resolve("server.crt"), trusted, StandardCopyOption.REPLACE_EXISTING);
            contender.granted();
        }
    }
}
