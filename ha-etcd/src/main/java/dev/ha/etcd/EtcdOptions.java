package dev.ha.etcd;

import dev.ha.spi.Option;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The keys below {@code high-availability.etcd.}. */
final class EtcdOptions {
    static final String MODE = "etcd";

    static final Option<List<String>> ENDPOINTS = Option.texts(
                    "endpoints",
                    "The servers: host:port, or http:// or https:// before it; https speaks TLS. The port is 2379 by default.")
            .check(
                    endpoints -> endpoints.stream().allMatch(Endpoint::isOne),
                    "must be host:port,host:port,..., each with http:// or https:// before it or none");

    static final Option<String> NAMESPACE = Option.text("namespace", "What the keys of this library begin with.")
            .check(
                    namespace -> namespace.startsWith("/") && namespace.length() > 1 && !namespace.endsWith("/"),
                    "must begin with a / such as /ha, without a / at its end")
            .orElse("/ha");

    static final Option<Duration> LEASE_TTL = Option.duration(
                    "lease-ttl",
                    "How long a silent leader keeps the lock: whole seconds. Its handle is invalid a second, or a tenth, earlier.")
            .check(ttl -> ttl.toSeconds() >= 3, "must be at least 3 s, or less than half of it could be used")
            .check(ttl -> ttl.toMillis() % 1_000 == 0, "must be whole seconds")
            .check(ttl -> ttl.compareTo(Duration.ofDays(1)) <= 0, "must be at most a day")
            .orElse(Duration.ofSeconds(10));

    static final Option<Duration> CONNECT_TIMEOUT =
            positive("connect-timeout", "How long an attempt to connect to one server may take.");

    static final Option<Duration> REQUEST_TIMEOUT =
            positive("request-timeout", "How long a request waits for its answer.");

    static final Option<Optional<String>> USERNAME = Option.text(
                    "username", "Who logs in, where etcd's authentication is on.")
            .optional();

    static final Option<Optional<String>> PASSWORD =
            Option.text("password", "Password of username.").secret().optional();

    static final Option<Optional<Path>> TLS_CA = Option.path(
                    "tls.ca", "PEM file with the certificates to trust; those of the JDK without it.")
            .optional();

    static final Option<Optional<Path>> TLS_CERTIFICATE = Option.path(
                    "tls.certificate", "PEM file with the certificate to authenticate with.")
            .optional();

    static final Option<Optional<Path>> TLS_KEY = Option.path(
                    "tls.key", "PEM file (PKCS 8) with the key of that certificate.")
            .optional();

    static final Option<Optional<String>> TLS_KEY_PASSWORD =
            Option.text("tls.key-password", "Password of that key.").secret().optional();

    static final Option<Optional<String>> TLS_AUTHORITY = Option.text(
                    "tls.authority", "The name that the servers' certificates must carry, where it is not their host.")
            .check(name -> Endpoint.isOne(name) && !name.contains("://"), "must be the name of a host")
            .optional();

    static final List<Option<?>> ALL = List.of(
            ENDPOINTS,
            NAMESPACE,
            LEASE_TTL,
            CONNECT_TIMEOUT,
            REQUEST_TIMEOUT,
            USERNAME,
            PASSWORD,
            TLS_CA,
            TLS_CERTIFICATE,
            TLS_KEY,
            TLS_KEY_PASSWORD,
            TLS_AUTHORITY);

    private EtcdOptions() {}

    private static Option<Duration> positive(String key, String doc) {
        return Option.duration(key, doc)
                .check(duration -> duration.toMillis() > 0, "must be at least 1 ms")
                .check(duration -> duration.compareTo(Duration.ofHours(1)) <= 0, "must be at most 1 h")
                .orElse(Duration.ofSeconds(5));
    }
}
