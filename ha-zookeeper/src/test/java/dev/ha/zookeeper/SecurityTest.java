package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConfigurationException;
import dev.ha.Diagnosis;
import dev.ha.Health;
import dev.ha.HighAvailability;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.tck.support.Keytool;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import dev.ha.tck.support.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rights, logins and encryption against real servers. */
class SecurityTest {
    private static final Map<String, String> OWNER = Map.of(
            "client.acl", "creator",
            "client.authorization.digest", "owner:secret",
            "client.session-timeout", "10 s");

    @Test
    void whatItsCreatorOwnsAnIntruderCanNeitherChangeNorRead() throws Exception {
        try (InJvmServers server = InJvmServers.start(1);
                Node owner = new Node(server.connectString(), "acl", OWNER);
                Node second = new Node(server.connectString(), "acl", OWNER);
                Node intruder = new Node(server.connectString(), "acl", Map.of("client.session-timeout", "10 s"))) {
            TestContender contender = owner.contend("x");
            Leadership led = contender.granted();
            led.confirm("tcp://owner").toCompletableFuture().get(60, TimeUnit.SECONDS);
            second.follow("x").await("tcp://owner");
            owner.services()
                    .stores("x")
                    .entries()
                    .create(led, "entry", new byte[] {1})
                    .toCompletableFuture()
                    .get(60, TimeUnit.SECONDS);
            assertThat(owner.services().diagnose()).allMatch(Diagnosis::passed);

            everythingIsRefused(server.connectString(), "/flink/acl/elections/x");

            TestContender refused = intruder.contend("x");
            TestListener deaf = intruder.follow("x");
            Waiting.until(() -> refused.lastError() instanceof UnavailableException, () -> "an error of the contender");
            assertThat(refused.lastError())
                    .isInstanceOfSatisfying(UnavailableException.class, error -> assertThat(error.reason())
                            .isEqualTo(Reason.ACCESS_DENIED));
            Waiting.until(() -> !deaf.errors().isEmpty(), () -> "an error of the follower");
            assertThat(intruder.services().health().status()).isEqualTo(Health.Status.DOWN);
            assertThat(intruder.services().diagnose())
                    .anyMatch(diagnosis ->
                            !diagnosis.passed() && diagnosis.detail().contains("NOAUTH"));
            assertThat(refused.isGranted()).isFalse();
            assertThat(led.isValid()).isTrue();
        }
    }

    private static void everythingIsRefused(String servers, String election) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper client = new ZooKeeper(servers, 10_000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        try {
            assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
            assertThatThrownBy(() -> client.getChildren(election, false))
                    .isInstanceOf(KeeperException.NoAuthException.class);
            assertThatThrownBy(() -> client.setData(election + "/record", new byte[0], -1))
                    .isInstanceOf(KeeperException.NoAuthException.class);
            assertThatThrownBy(() -> client.getData(election + "/entries/entry", false, null))
                    .isInstanceOf(KeeperException.NoAuthException.class);
            assertThatThrownBy(() -> client.delete(election + "/record", -1))
                    .isInstanceOf(KeeperException.NoAuthException.class);
        } finally {
            client.close();
        }
    }

    @Test
    void creatorWithoutCredentialsIsRefused() {
        assertThatThrownBy(() -> HighAvailability.create(Map.of(
                        "high-availability.mode", "zookeeper",
                        "high-availability.zookeeper.quorum", "localhost:1",
                        "high-availability.zookeeper.client.acl", "creator")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("high-availability.zookeeper.client.acl = 'creator'")
                .hasMessageContaining("needs credentials");
    }

    @Test
    void secretsAreNeverShown() throws Exception {
        try (InJvmServers server = InJvmServers.start(1);
                Node owner = new Node(server.connectString(), "secret", OWNER)) {
            TestContender contender = owner.contend("x");
            contender.granted();
            assertThat(owner.services().diagnose().toString()).doesNotContain("owner:secret");
        }
    }

    // ---- SASL with DIGEST-MD5

    @Test
    void logsInBySaslWithDigest(@TempDir Path files) throws Exception {
        Path jaas = files.resolve("server.jaas");
        Files.writeString(
                jaas, "Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_alice=\"wonder\"; };");
        Configuration before = current();
        try (ServerProcesses servers = ServerProcesses.start(
                1,
                Map.of(
                        "authProvider.1", "org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
                        "requireClientAuthScheme", "sasl",
                        "sessionRequireClientSASLAuth", "true"),
                List.of("-Djava.security.auth.login.config=" + jaas))) {
            Map<String, String> creator = Map.of("client.acl", "creator", "client.session-timeout", "10 s");
            Configuration.setConfiguration(login("wonder"));
            try (Node alice = new Node(servers.connectString(), "sasl", creator)) {
                Leadership led = alice.contend("x").granted();
                led.confirm("tcp://alice").toCompletableFuture().get(60, TimeUnit.SECONDS);
                alice.follow("x").await("tcp://alice");
            }
            Configuration.setConfiguration(login("wrong"));
            try (Node mallory = new Node(servers.connectString(), "sasl", creator)) {
                TestContender refused = mallory.contend("x");
                Waiting.until(() -> refused.lastError() != null, () -> "an error");
                assertThat(mallory.services().health().status()).isEqualTo(Health.Status.DOWN);
                assertThat(refused.isGranted()).isFalse();
                Configuration.setConfiguration(login("wonder"));
                refused.granted(); // a new session logs in anew
            }
        } finally {
            Configuration.setConfiguration(before);
        }
    }

    private static @org.jspecify.annotations.Nullable Configuration current() {
        try {
            return Configuration.getConfiguration();
        } catch (SecurityException none) {
            return null;
        }
    }

    private static Configuration login(String password) {
        return new Configuration() {
            @Override
            public AppConfigurationEntry @org.jspecify.annotations.Nullable [] getAppConfigurationEntry(String name) {
                return name.equals("Client")
                        ? new AppConfigurationEntry[] {
                            new AppConfigurationEntry(
                                    "org.apache.zookeeper.server.auth.DigestLoginModule",
                                    LoginModuleControlFlag.REQUIRED,
                                    Map.of("username", "alice", "password", password))
                        }
                        : null;
            }
        };
    }

    // ---- TLS

    @Test
    void speaksTlsWithBothSidesAuthenticated(@TempDir Path files) throws Exception {
        Keytool.run(
                files,
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-keystore",
                "server.p12");
        Keytool.run(
                files,
                "-genkeypair",
                "-alias",
                "client",
                "-keyalg",
                "EC",
                "-dname",
                "CN=client",
                "-keystore",
                "client.p12");
        trust(files, "server", "client-trust.p12");
        trust(files, "client", "server-trust.p12");
        try (ServerProcesses servers = ServerProcesses.start(
                1,
                Map.of(
                        "secureClientPort", "0",
                        "serverCnxnFactory", "org.apache.zookeeper.server.NettyServerCnxnFactory",
                        "ssl.keyStore.location", files.resolve("server.p12").toString(),
                        "ssl.keyStore.password", "changeit",
                        "ssl.trustStore.location",
                                files.resolve("server-trust.p12").toString(),
                        "ssl.trustStore.password", "changeit"),
                List.of())) {
            String secure = "localhost:" + servers.get(0).securePort();
            Map<String, String> mutual = Map.of(
                    "tls.enabled", "true",
                    "tls.trust-store", files.resolve("client-trust.p12").toString(),
                    "tls.trust-store-password", "changeit",
                    "tls.key-store", files.resolve("client.p12").toString(),
                    "tls.key-store-password", "changeit",
                    "client.acl", "creator",
                    "client.ensemble-tracker", "false",
                    "client.session-timeout", "10 s");
            try (Node node = new Node(secure, "tls", mutual)) {
                Leadership led = node.contend("x").granted();
                led.confirm("tcp://tls").toCompletableFuture().get(60, TimeUnit.SECONDS);
                node.follow("x").await("tcp://tls");
            }
            Map<String, String> distrusting = Map.of(
                    "tls.enabled", "true",
                    "tls.trust-store", files.resolve("server-trust.p12").toString(),
                    "tls.trust-store-password", "changeit",
                    "client.ensemble-tracker", "false");
            try (Node node = new Node(secure, "tls", distrusting)) {
                TestContender refused = node.contend("x");
                Waiting.until(() -> refused.lastError() != null, () -> "an error");
                assertThat(refused.isGranted()).isFalse();
            }
        }
    }

    private static void trust(Path files, String alias, String store) throws Exception {
        Keytool.run(files, "-exportcert", "-alias", alias, "-keystore", alias + ".p12", "-file", alias + ".crt");
        Keytool.run(files, "-importcert", "-noprompt", "-alias", alias, "-keystore", store, "-file", alias + ".crt");
    }
}
