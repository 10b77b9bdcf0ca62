package dev.ha.tck;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The reference backend, or a wrong one made from it. */
class ReferenceFixture implements HighAvailabilityFixture {
    private final ReferenceServer server;
    private final String mode;

    ReferenceFixture(ReferenceServer server, String mode) {
        this.server = server.start();
        this.mode = mode;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Map<String, String> configuration(List<InetSocketAddress> servers, Duration lease) {
        return Map.of(
                "high-availability.mode",
                mode,
                "high-availability.reference.port",
                Integer.toString(servers.get(0).getPort()),
                "high-availability.reference.lease-duration",
                lease.toMillis() + " ms");
    }

    @Override
    public List<InetSocketAddress> servers() {
        return List.of(server.address());
    }

    @Override
    public Duration shortestLease() {
        return Duration.ofMillis(1500);
    }

    @Override
    public RawElection raw(String clusterId, String election) {
        return server.raw(clusterId, election);
    }

    @Override
    public Set<Fault> faults() {
        return EnumSet.allOf(Fault.class);
    }

    @Override
    public void inject(Fault fault, String clusterId, String election) {
        server.inject(fault, clusterId, election);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
