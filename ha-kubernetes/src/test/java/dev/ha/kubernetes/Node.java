package dev.ha.kubernetes;

import dev.ha.tck.support.TestServices;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Services of this backend. */
final class Node extends TestServices {
    /** Of a lease that runs out while a test waits. */
    static final Map<String, String> SHORT = timing(6, 4, 1);

    /** Of one that does not. */
    static final Map<String, String> LONG = timing(90, 60, 2);

    /** The restricted user's, right at the server. */
    Node(KubeServers servers, String cluster, Map<String, String> more) throws IOException {
        this(servers, servers.api().address(), cluster, more);
    }

    /** The restricted user's, by way of {@code through}. */
    Node(KubeServers servers, InetSocketAddress through, String cluster, Map<String, String> more) throws IOException {
        this(servers.kubeconfig(through), cluster, more);
    }

    /** {@code more} with keys below {@code high-availability.kubernetes.}. */
    Node(Path kubeconfig, String cluster, Map<String, String> more) {
        this(cluster, with(kubeconfig, more));
    }

    /** Without a kubeconfig. */
    Node(String cluster, Map<String, String> settings) {
        super(configuration(cluster, settings));
    }

    private static Map<String, String> with(Path kubeconfig, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("kubeconfig", kubeconfig.toString());
        return settings;
    }

    static Map<String, String> timing(int lease, int deadline, int retry) {
        return Map.of(
                "leader-election.lease-duration",
                lease + " s",
                "leader-election.renew-deadline",
                deadline + " s",
                "leader-election.retry-period",
                retry + " s");
    }

    private static Map<String, String> configuration(String cluster, Map<String, String> settings) {
        Map<String, String> configuration = new HashMap<>();
        configuration.put("high-availability.mode", "kubernetes");
        configuration.put("high-availability.cluster-id", cluster);
        settings.forEach((name, value) -> configuration.put("high-availability.kubernetes." + name, value));
        return configuration;
    }
}
