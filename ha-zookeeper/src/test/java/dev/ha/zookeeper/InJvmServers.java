package dev.ha.zookeeper;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.curator.test.TestingServer;
import org.apache.curator.test.TestingZooKeeperServer;

/** Real servers in this JVM, on the loopback interface: one alone, or an ensemble. */
final class InJvmServers implements AutoCloseable {
    /** Short, so that a session may be: the shortest one has two ticks, the longest one what is configured. */
    private static final int TICK = 500;

    private final List<InstanceSpec> specs;
    private final AutoCloseable servers;

    private InJvmServers(List<InstanceSpec> specs, AutoCloseable servers) {
        this.specs = specs;
        this.servers = servers;
    }

    static InJvmServers start(int count) throws Exception {
        return start(count, Map.of());
    }

    /** {@code properties} of each server's configuration. */
    static InJvmServers start(int count, Map<String, Object> properties) throws Exception {
        List<InstanceSpec> specs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Map<String, Object> all = new HashMap<>(properties);
            all.put("maxSessionTimeout", "60000");
            specs.add(new InstanceSpec(null, -1, -1, -1, true, i + 1, TICK, 1_000, all, "127.0.0.1"));
        }
        if (count == 1) {
            return new InJvmServers(specs, new TestingServer(specs.get(0), true));
        }
        TestingCluster cluster = new TestingCluster(specs);
        cluster.start();
        return new InJvmServers(specs, cluster);
    }

    List<InetSocketAddress> addresses() {
        return specs.stream()
                .map(spec -> new InetSocketAddress(InetAddress.getLoopbackAddress(), spec.getPort()))
                .toList();
    }

    String connectString() {
        return ZooKeeperFixture.quorum(addresses());
    }

    /** The only server. */
    TestingServer single() {
        return (TestingServer) servers;
    }

    /** The ensemble's servers. */
    List<TestingZooKeeperServer> ensemble() {
        return Collections.unmodifiableList(((TestingCluster) servers).getServers());
    }

    @Override
    public void close() throws IOException {
        try {
            servers.close();
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
