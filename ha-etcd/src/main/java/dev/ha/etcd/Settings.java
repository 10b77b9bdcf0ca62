package dev.ha.etcd;

import dev.ha.ConfigurationException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Option;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is configured, checked as a whole. */
record Settings(
        List<Endpoint> endpoints,
        String namespace,
        Duration leaseTtl,
        Duration connectTimeout,
        Duration requestTimeout,
        Optional<Login> login,
        Optional<Tls> tls) {

    /** Who logs in. */
    record Login(String username, String password) {
        @Override
        public String toString() {
            return username;
        }
    }

    /** How to speak TLS. */
    record Tls(Optional<Path> ca, Optional<Identity> identity, Optional<String> authority) {}

    /** What a client authenticates with. */
    record Identity(Path certificate, Path key, Optional<String> keyPassword) {
        @Override
        public String toString() {
            return certificate.toString();
        }
    }

    /** Reads and checks all options. */
    static Settings of(BackendContext context) {
        List<String> texts = context.get(EtcdOptions.ENDPOINTS);
        return new Settings(
                texts.stream().map(Endpoint::of).distinct().toList(),
                context.get(EtcdOptions.NAMESPACE),
                context.get(EtcdOptions.LEASE_TTL),
                context.get(EtcdOptions.CONNECT_TIMEOUT),
                context.get(EtcdOptions.REQUEST_TIMEOUT),
                login(context),
                tls(context, texts));
    }

    private static Optional<Login> login(BackendContext context) {
        Optional<String> username = context.get(EtcdOptions.USERNAME);
        Optional<String> password = context.get(EtcdOptions.PASSWORD);
        if (username.isPresent() != password.isPresent()) {
            throw missing(username.isPresent() ? EtcdOptions.PASSWORD : EtcdOptions.USERNAME, "username and password");
        }
        return username.map(name -> new Login(name, password.orElseThrow()));
    }

    private static Optional<Tls> tls(BackendContext context, List<String> endpoints) {
        Optional<Path> ca = context.get(EtcdOptions.TLS_CA);
        Optional<Path> certificate = context.get(EtcdOptions.TLS_CERTIFICATE);
        Optional<Path> key = context.get(EtcdOptions.TLS_KEY);
        Optional<String> authority = context.get(EtcdOptions.TLS_AUTHORITY);
        if (certificate.isPresent() != key.isPresent()) {
            throw missing(
                    certificate.isPresent() ? EtcdOptions.TLS_KEY : EtcdOptions.TLS_CERTIFICATE,
                    "tls.certificate and tls.key");
        }
        List<String> schemes = endpoints.stream()
                .map(text -> Endpoint.of(text).scheme())
                .distinct()
                .toList();
        boolean configured = ca.isPresent() || certificate.isPresent() || authority.isPresent();
        boolean https = schemes.contains("https");
        if (schemes.contains("http") && (https || configured)) {
            throw new ConfigurationException(
                    "bad-value",
                    key(EtcdOptions.ENDPOINTS) + " = '" + String.join(",", endpoints)
                            + "': must all be https:// where one is, or tls.* is configured");
        }
        return https || configured
                ? Optional.of(new Tls(
                        ca,
                        certificate.map(file ->
                                new Identity(file, key.orElseThrow(), context.get(EtcdOptions.TLS_KEY_PASSWORD))),
                        authority))
                : Optional.empty();
    }

    private static ConfigurationException missing(Option<?> option, String both) {
        return new ConfigurationException(
                "missing-key", key(option) + " is missing; set both of " + both + ", or none");
    }

    private static String key(Option<?> option) {
        return "high-availability." + EtcdOptions.MODE + "." + option.key();
    }

    /** How long a request of a renewal may take before another server is asked: all of them can be asked within half a lease. */
    Duration tryTimeout() {
        Duration share = leaseTtl.dividedBy(Math.max(6, 2L * endpoints.size()));
        return share.compareTo(requestTimeout) < 0 ? share : requestTimeout;
    }

    /** Between two renewals. */
    Duration beat() {
        return leaseTtl.dividedBy(4);
    }

    /** What the clocks of two machines may differ over a lease (SAFETY 2). */
    static Duration margin(Duration ttl) {
        Duration tenth = ttl.dividedBy(10);
        Duration least = Duration.ofSeconds(1);
        return tenth.compareTo(least) > 0 ? tenth : least;
    }

    /** The servers, for messages. */
    String servers() {
        return endpoints.stream().map(Endpoint::toString).collect(Collectors.joining(","));
    }
}
