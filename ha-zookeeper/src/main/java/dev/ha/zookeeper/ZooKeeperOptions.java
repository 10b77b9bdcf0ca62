package dev.ha.zookeeper;

import dev.ha.spi.Option;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.common.PathUtils;

/** The keys below {@code high-availability.zookeeper.}: Flink's names and defaults, where Flink has one. */
final class ZooKeeperOptions {
    static final String MODE = "zookeeper";

    /** Who may read and change the nodes. */
    enum Acl {
        /** Everybody. */
        OPEN,
        /** Who created them. */
        CREATOR
    }

    static final Option<String> QUORUM = Option.text(
                    "quorum", "The servers: host:port,host:port,..., and /path behind the last to live below a path.")
            .check(ZooKeeperOptions::isConnectString, "must be host:port,host:port,... or host:port,.../path");

    static final Option<String> ROOT = Option.text("path.root", "The node below which all nodes of this library are.")
            .check(ZooKeeperOptions::isPath, "must be an absolute path such as /flink, without a / at its end")
            .orElse("/flink");

    static final Option<Duration> SESSION_TIMEOUT = Option.duration(
                    "client.session-timeout",
                    "How long a silent leader keeps the lock. Servers lower it to 20 of their ticks: 40 s by default.")
            .check(timeout -> timeout.toMillis() >= 600, "must be at least 600 ms")
            .check(ZooKeeperOptions::isInt, "must be at most 24 days")
            .orElse(Duration.ofSeconds(60));

    static final Option<Duration> CONNECTION_TIMEOUT =
            positive("client.connection-timeout", "How long a request waits for a connection and for its answer.", 15);

    static final Option<Duration> RETRY_WAIT = positive(
            "client.retry-wait",
            "First wait before a session that could not be established is replaced; doubles up to max-retry-wait.",
            5);

    static final Option<Duration> MAX_RETRY_WAIT = positive(
            "client.max-retry-wait",
            "Longest wait before a session that could not be established is replaced; at least retry-wait.",
            60);

    static final Option<Integer> MAX_RETRY_ATTEMPTS = Option.integer(
                    "client.max-retry-attempts",
                    "How often Curator repeats a request of its own; elections try again for ever.")
            .check(attempts -> attempts >= 0, "must not be negative")
            .orElse(3);

    static final Option<Acl> ACL = Option.oneOf(
                    "client.acl",
                    Acl.class,
                    "Who may change the nodes: everybody, or only the credentials that created them.")
            .orElse(Acl.OPEN);

    static final Option<Boolean> TOLERATE_SUSPENDED = Option.bool(
                    "client.tolerate-suspended-connections",
                    "Keep a leadership while the connection is lost, until its own deadline at the latest.")
            .orElse(false);

    static final Option<Boolean> ENSEMBLE_TRACKER = Option.bool(
                    "client.ensemble-tracker",
                    "Follow changes of the ensemble's members; false behind a load balancer or virtual address.")
            .orElse(true);

    static final Option<Map<String, String>> AUTHORIZATION = Option.map(
                    "client.authorization.*",
                    "Credentials by scheme, such as client.authorization.digest = user:password.")
            .orElse(Map.of())
            .secret();

    static final Option<Optional<Duration>> MAX_CLOSE_WAIT = Option.duration(
                    "client.max-close-wait", "How long close waits for Curator's background thread.")
            .check(ZooKeeperOptions::isInt, "must be at most 24 days")
            .optional();

    static final Option<Boolean> SASL_DISABLE = Option.bool(
                    "sasl.disable", "Never authenticate by SASL, even if the JVM has a JAAS section for it.")
            .orElse(false);

    static final Option<String> SASL_SERVICE = Option.text(
                    "sasl.service-name", "First part of the servers' Kerberos principal.")
            .orElse("zookeeper");

    static final Option<String> SASL_CONTEXT = Option.text(
                    "sasl.login-context-name", "The section of the JVM's JAAS configuration to log in with.")
            .orElse("Client");

    static final Option<Boolean> TLS_ENABLED =
            Option.bool("tls.enabled", "Speak TLS with the servers.").orElse(false);

    static final Option<Boolean> TLS_VERIFY = Option.bool(
                    "tls.verify-hostname", "Refuse a server whose certificate does not name its host.")
            .orElse(true);

    static final Option<Optional<Path>> TRUST_STORE = Option.path(
                    "tls.trust-store", "Key store (JKS, PKCS12, PEM) with the certificates to trust.")
            .optional();

    static final Option<Optional<String>> TRUST_STORE_PASSWORD = Option.text(
                    "tls.trust-store-password", "Password of the trust store.")
            .secret()
            .optional();

    static final Option<Optional<Path>> KEY_STORE = Option.path(
                    "tls.key-store", "Key store (JKS, PKCS12, PEM) with the certificate to authenticate with.")
            .optional();

    static final Option<Optional<String>> KEY_STORE_PASSWORD = Option.text(
                    "tls.key-store-password", "Password of the key store.")
            .secret()
            .optional();

    static final List<Option<?>> ALL = List.of(
            QUORUM,
            ROOT,
            SESSION_TIMEOUT,
            CONNECTION_TIMEOUT,
            RETRY_WAIT,
            MAX_RETRY_WAIT,
            MAX_RETRY_ATTEMPTS,
            ACL,
            TOLERATE_SUSPENDED,
            ENSEMBLE_TRACKER,
            AUTHORIZATION,
            MAX_CLOSE_WAIT,
            SASL_DISABLE,
            SASL_SERVICE,
            SASL_CONTEXT,
            TLS_ENABLED,
            TLS_VERIFY,
            TRUST_STORE,
            TRUST_STORE_PASSWORD,
            KEY_STORE,
            KEY_STORE_PASSWORD);

    private ZooKeeperOptions() {}

    private static Option<Duration> positive(String key, String doc, int defaultSeconds) {
        return Option.duration(key, doc)
                .check(duration -> duration.toMillis() > 0, "must be at least 1 ms")
                .check(ZooKeeperOptions::isInt, "must be at most 24 days")
                .orElse(Duration.ofSeconds(defaultSeconds));
    }

    /** ZooKeeper counts milliseconds in 32 bits. */
    private static boolean isInt(Duration duration) {
        return duration.compareTo(Duration.ofDays(24)) <= 0;
    }

    private static boolean isPath(String path) {
        try {
            PathUtils.validatePath(path);
            return path.length() > 1;
        } catch (IllegalArgumentException notOne) {
            return false;
        }
    }

    private static boolean isConnectString(String text) {
        try {
            return new ConnectStringParser(text)
                    .getServerAddresses().stream()
                            .allMatch(server -> !server.getHostString().isBlank()
                                    && server.getHostString()
                                            .equals(server.getHostString().strip()));
        } catch (IllegalArgumentException notOne) {
            return false;
        }
    }
}
