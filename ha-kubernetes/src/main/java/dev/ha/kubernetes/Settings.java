package dev.ha.kubernetes;

import dev.ha.ConfigurationException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Option;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What is configured, checked as a whole.
 *
 * @param lease how long a silent leader keeps the lock, in whole seconds
 * @param deadline how long it may believe so itself
 * @param retry between two renewals
 * @param timeout of a request: two fit between retry and deadline
 */
record Settings(
        Server server,
        Optional<String> namespace,
        Duration lease,
        Duration deadline,
        Duration retry,
        Duration timeout) {
    private static final Duration LONGEST_TIMEOUT = Duration.ofSeconds(5);

    /** Where the API server is, and who we are there. */
    record Server(
            Optional<Path> kubeconfig,
            Optional<String> context,
            Optional<String> url,
            Optional<String> token,
            Optional<Path> tokenFile,
            Optional<Path> ca,
            Optional<Path> certificate,
            Optional<Path> key) {
        @Override
        public String toString() {
            return url.orElse("the cluster"); // never the token
        }
    }

    /** Reads and checks all options. */
    static Settings of(BackendContext context) {
        Duration lease = context.get(KubernetesOptions.LEASE_DURATION);
        Duration deadline = context.get(KubernetesOptions.RENEW_DEADLINE)
                .orElse(lease.multipliedBy(2).dividedBy(3));
        Duration retry = context.get(KubernetesOptions.RETRY_PERIOD).orElse(deadline.dividedBy(5));
        Duration fitting = deadline.minus(retry).dividedBy(2);
        Duration timeout = context.get(KubernetesOptions.REQUEST_TIMEOUT)
                .orElse(fitting.compareTo(LONGEST_TIMEOUT) < 0 ? fitting : LONGEST_TIMEOUT);
        if (deadline.compareTo(lease) >= 0 || deadline.multipliedBy(2).compareTo(lease) < 0) {
            throw bad(
                    KubernetesOptions.RENEW_DEADLINE,
                    deadline,
                    "must be shorter than lease-duration, " + show(lease) + ", and at least half of it");
        }
        if (retry.multipliedBy(2).compareTo(deadline) > 0) {
            throw bad(
                    KubernetesOptions.RETRY_PERIOD,
                    retry,
                    "must be at most half of renew-deadline, " + show(deadline) + ", so that a second try fits");
        }
        if (timeout.compareTo(fitting) > 0) {
            throw bad(
                    KubernetesOptions.REQUEST_TIMEOUT,
                    timeout,
                    "must be at most " + show(fitting) + ", half of what is left of renew-deadline after retry-period");
        }
        return new Settings(server(context), context.get(KubernetesOptions.NAMESPACE), lease, deadline, retry, timeout);
    }

    private static Server server(BackendContext context) {
        Server server = new Server(
                context.get(KubernetesOptions.KUBECONFIG),
                context.get(KubernetesOptions.CONTEXT),
                context.get(KubernetesOptions.MASTER_URL),
                context.get(KubernetesOptions.TOKEN),
                context.get(KubernetesOptions.TOKEN_FILE),
                context.get(KubernetesOptions.TLS_CA),
                context.get(KubernetesOptions.TLS_CERTIFICATE),
                context.get(KubernetesOptions.TLS_KEY));
        if (server.url.isPresent() && (server.kubeconfig.isPresent() || server.context.isPresent())) {
            throw new ConfigurationException(
                    "bad-value",
                    key(KubernetesOptions.MASTER_URL) + " = '" + server.url.get()
                            + "': must not be given together with kubeconfig or context, which name a server too");
        }
        if (server.token.isPresent() && server.tokenFile.isPresent()) {
            throw new ConfigurationException(
                    "bad-value",
                    key(KubernetesOptions.TOKEN_FILE) + " = '" + server.tokenFile.get()
                            + "': must not be given together with token");
        }
        if (server.url.filter(url -> url.contains("@")).isPresent()) {
            throw new ConfigurationException(
                    "bad-value",
                    key(KubernetesOptions.MASTER_URL)
                            + " (not shown): must be https://host:port without a user; set token, token-file or tls.certificate");
        }
        if (server.token.filter(token -> !isToken(token)).isPresent()) {
            throw new ConfigurationException(
                    "bad-value",
                    key(KubernetesOptions.TOKEN) + " (not shown): must be one token, without blanks and line breaks");
        }
        if (server.certificate.isPresent() != server.key.isPresent()) {
            throw new ConfigurationException(
                    "missing-key",
                    key(server.key.isPresent() ? KubernetesOptions.TLS_CERTIFICATE : KubernetesOptions.TLS_KEY)
                            + " is missing; set both of tls.certificate and tls.key, or none");
        }
        return server;
    }

    /** Whether a header can have it. */
    static boolean isToken(String text) {
        return !text.isEmpty() && text.chars().allMatch(character -> character > ' ' && character < 0x7f);
    }

    private static ConfigurationException bad(Option<?> option, Duration value, String sentence) {
        return new ConfigurationException("bad-value", key(option) + " = '" + show(value) + "': " + sentence);
    }

    private static String key(Option<?> option) {
        return "high-availability." + KubernetesOptions.MODE + "." + option.key();
    }

    private static String show(Duration duration) {
        return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }

    /** What the clocks of two machines may differ over a lease (SAFETY 2). */
    Duration margin() {
        return lease.minus(deadline);
    }

    /** How long a silence may last before somebody asks, so that followers hear of an outage within a lease (rule 5.2). */
    Duration beat() {
        return lease.dividedBy(3);
    }
}
