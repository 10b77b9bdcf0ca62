package dev.ha.kubernetes;

import dev.ha.spi.Option;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The keys below {@code high-availability.kubernetes.}. */
final class KubernetesOptions {
    static final String MODE = "kubernetes";

    private static final Duration LONGEST = Duration.ofDays(1);

    static final Option<Optional<String>> NAMESPACE = Option.text(
                    "namespace",
                    "Where the Leases are; without it the namespace of the kubeconfig's context or of the pod, else default.")
            .check(KubernetesOptions::isLabel, "must be the name of a namespace: a-z, 0-9 and -, at most 63 characters")
            .optional();

    static final Option<Optional<Path>> KUBECONFIG = Option.path(
                    "kubeconfig",
                    "Where server and credentials stand; without it ~/.kube/config or KUBECONFIG, else the pod's service account.")
            .optional();

    static final Option<Optional<String>> CONTEXT = Option.text(
                    "context", "The context of the kubeconfig; without it the current one.")
            .optional();

    static final Option<Optional<String>> MASTER_URL = Option.text(
                    "master-url",
                    "The API server: https://host:port. With it no kubeconfig or service account is looked for: token and tls are those configured here.")
            .check(KubernetesOptions::isUrl, "must be https://host:port, or http://host:port")
            .optional();

    static final Option<Optional<String>> TOKEN =
            Option.text("token", "The token to authenticate with.").secret().optional();

    static final Option<Optional<Path>> TOKEN_FILE = Option.path(
                    "token-file", "A file with that token, read anew for each request, as it may be rotated.")
            .optional();

    static final Option<Optional<Path>> TLS_CA =
            Option.path("tls.ca", "PEM file with the certificates to trust.").optional();

    static final Option<Optional<Path>> TLS_CERTIFICATE = Option.path(
                    "tls.certificate", "PEM file with the certificate to authenticate with.")
            .optional();

    static final Option<Optional<Path>> TLS_KEY =
            Option.path("tls.key", "PEM file with the key of that certificate.").optional();

    static final Option<Duration> LEASE_DURATION = Option.duration(
                    "leader-election.lease-duration", "How long a silent leader keeps the lock: whole seconds.")
            .check(duration -> duration.toSeconds() >= 1, "must be at least 1 s")
            .check(duration -> duration.toMillis() % 1_000 == 0, "must be whole seconds, as Kubernetes counts them")
            .check(duration -> duration.compareTo(LONGEST) <= 0, "must be at most a day")
            .orElse(Duration.ofSeconds(15));

    static final Option<Optional<Duration>> RENEW_DEADLINE = part(
            "leader-election.renew-deadline",
            "How long after its last renewal a leader's handle is valid; two thirds of lease-duration without it.");

    static final Option<Optional<Duration>> RETRY_PERIOD = part(
            "leader-election.retry-period",
            "How often a leader renews: one write per election. A fifth of renew-deadline without it.");

    static final Option<Optional<Duration>> REQUEST_TIMEOUT = part(
            "request-timeout",
            "How long a request waits for its answer: so short that two fit between retry-period and renew-deadline, as without it.");

    static final List<Option<?>> ALL = List.of(
            NAMESPACE,
            KUBECONFIG,
            CONTEXT,
            MASTER_URL,
            TOKEN,
            TOKEN_FILE,
            TLS_CA,
            TLS_CERTIFICATE,
            TLS_KEY,
            LEASE_DURATION,
            RENEW_DEADLINE,
            RETRY_PERIOD,
            REQUEST_TIMEOUT);

    private KubernetesOptions() {}

    private static Option<Optional<Duration>> part(String key, String doc) {
        return Option.duration(key, doc)
                .check(duration -> duration.toMillis() > 0, "must be at least 1 ms")
                .check(duration -> duration.compareTo(LONGEST) <= 0, "must be at most a day")
                .optional();
    }

    private static boolean isLabel(String text) {
        return text.length() <= 63 && text.matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    }

    private static boolean isUrl(String text) {
        URI url = URI.create(text);
        return url.getHost() != null && ("https".equals(url.getScheme()) || "http".equals(url.getScheme()));
    }
}
