package dev.ha.etcd;

import dev.ha.tck.support.TestServices;
import java.util.HashMap;
import java.util.Map;

/** Services of this backend. */
final class Node extends TestServices {
    Node(String servers, String cluster) {
        this(servers, cluster, Map.of());
    }

    /** {@code more} with keys below {@code high-availability.etcd.}. */
    Node(String servers, String cluster, Map<String, String> more) {
        super(configuration(servers, cluster, more));
    }

    private static Map<String, String> configuration(String servers, String cluster, Map<String, String> more) {
        Map<String, String> configuration = new HashMap<>();
        configuration.put("high-availability.mode", "etcd");
        configuration.put("high-availability.cluster-id", cluster);
        configuration.put("high-availability.etcd.endpoints", servers);
        more.forEach((name, value) -> configuration.put("high-availability.etcd." + name, value));
        return configuration;
    }
}
