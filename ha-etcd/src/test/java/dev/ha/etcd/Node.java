package dev.ha.etcd;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import java.util.HashMap;
import java.util.Map;

/** Services of their own, as a process would have them. */
final class Node implements AutoCloseable {
    private final HighAvailabilityServices services;

    Node(String servers, String cluster) {
        this(servers, cluster, Map.of());
    }

    /** {@code more} with keys below {@code high-availability.etcd.}. */
    Node(String servers, String cluster, Map<String, String> more) {
        Map<String, String> configuration = new HashMap<>();
        configuration.put("high-availability.mode", "etcd");
        configuration.put("high-availability.cluster-id", cluster);
        configuration.put("high-availability.etcd.endpoints", servers);
        more.forEach((key, value) -> configuration.put("high-availability.etcd." + key, value));
        this.services = HighAvailability.create(configuration);
    }

    HighAvailabilityServices services() {
        return services;
    }

    TestContender contend(String election) {
        TestContender contender = new TestContender();
        services.leaderElection(election).start(contender);
        return contender;
    }

    TestListener follow(String election) {
        TestListener listener = new TestListener();
        services.leaderRetrieval(election).start(listener);
        return listener;
    }

    /** Leaves before the end of the test. */
    void leave() {
        services.close();
    }

    @Override
    public void close() {
        leave();
    }
}
