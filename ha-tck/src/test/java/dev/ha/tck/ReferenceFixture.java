package dev.ha.tck;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

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
                "high-availability.reference.ports",
                servers.stream()
                        .map(server -> Integer.toString(server.getPort()))
                        .collect(Collectors.joining(",")),
                "high-availability.reference.lease-duration",
                lease.toMillis() + " ms");
    }

    @Override
    public List<InetSocketAddress> servers() {
        return server.servers().stream().map(ReferenceServer.Server::address).toList();
    }

    @Override
    public List<ServerProcess> serverProcesses() {
        return List.copyOf(server.servers());
    }

    @Override
    public Optional<ServerNetwork> serverNetwork() {
        return Optional.of(server);
    }

    @Override
    public Optional<ServerData> serverData() {
        return Optional.of(server);
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
