package dev.ha.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.SafeName;
import dev.ha.tck.Capability;
import dev.ha.tck.Fault;
import dev.ha.tck.HighAvailabilityFixture;
import dev.ha.tck.RawElection;
import dev.ha.tck.ServerData;
import dev.ha.tck.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** Reads Leases and ConfigMaps as docs/decisions/0007-kubernetes-protocol.md describes them, over plain HTTP and with none of the backend's code. */
final class KubeFixture implements HighAvailabilityFixture {
    private static final String RECORD = "record";

    private final TestedCluster cluster;
    private final LeaseEditor leases;

    /** {@code cluster} is closed with this. */
    KubeFixture(TestedCluster cluster) {
        this.cluster = cluster;
        this.leases = new LeaseEditor(cluster);
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public List<InetSocketAddress> servers() {
        return List.of(cluster.address());
    }

    @Override
    public List<ServerProcess> serverProcesses() {
        return cluster.processes();
    }

    @Override
    public Optional<ServerData> serverData() {
        return cluster.data();
    }

    @Override
    public Duration shortestLease() {
        return Duration.ofSeconds(6);
    }

    /** A renewal is one round trip, begun two fifteenths of the lease after the last; a third is the margin. */
    @Override
    public Duration bearableDelay() {
        return shortestLease().dividedBy(10);
    }

    @Override
    public Map<String, String> configuration(List<InetSocketAddress> through, Duration lease) {
        try {
            return Map.of(
                    "high-availability.mode",
                    "kubernetes",
                    "high-availability.kubernetes.kubeconfig",
                    cluster.kubeconfig(through.get(0)).toString(),
                    "high-availability.kubernetes.leader-election.lease-duration",
                    (lease.toMillis() + 999) / 1_000 + " s");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public RawElection raw(String clusterId, String election) throws Exception {
        Optional<JsonNode> lease = leases.find(clusterId, election);
        Optional<JsonNode> store = leases.store(clusterId, election);
        if (lease.isEmpty() && store.isEmpty()) {
            return RawElection.NOTHING;
        }
        Map<String, String> entries = store.map(KubeFixture::entries).orElse(Map.of());
        if (lease.isEmpty()) {
            return new RawElection("", 0, Map.of(), entries, OptionalLong.empty());
        }
        JsonNode record = record(lease.get());
        String candidate = record.path("candidate").asText();
        boolean bound = !candidate.isEmpty() && LeaseEditor.holder(lease.get()).endsWith("_" + candidate);
        return new RawElection(
                LeaseEditor.annotation(lease.get(), "history"),
                bound ? record.path("token").asLong() : 0,
                bound ? records(record) : Map.of(),
                entries,
                OptionalLong.empty()); // renewals change the version too
    }

    private static JsonNode record(JsonNode lease) {
        String text = LeaseEditor.annotation(lease, RECORD);
        return KubeApi.json(text.isEmpty() ? "{}" : text);
    }

    private static Map<String, LeaderRecord> records(JsonNode record) {
        Map<String, LeaderRecord> records = new HashMap<>();
        record.path("records").fieldNames().forEachRemaining(component -> LeaderRecord.parse(
                        record.path("records").path(component).toString())
                .ifPresent(found -> records.put(component, found)));
        return records;
    }

    private static Map<String, String> entries(JsonNode store) {
        Map<String, String> entries = new HashMap<>();
        JsonNode values = store.path("binaryData");
        values.fieldNames().forEachRemaining(key -> {
            String value =
                    new String(Base64.getDecoder().decode(values.path(key).asText()), StandardCharsets.UTF_8);
            JsonNode name = store.path("data").path(key + ".name");
            entries.put(
                    name.isMissingNode() ? SafeName.decode(key) : name.asText(),
                    value.substring(value.indexOf('\n') + 1));
        });
        return entries;
    }

    @Override
    public Set<Fault> faults() {
        return EnumSet.allOf(Fault.class);
    }

    @Override
    public void inject(Fault fault, String clusterId, String election) throws Exception {
        JsonNode lease = leases.of(clusterId, election);
        if (LeaseEditor.holder(lease).isEmpty()) {
            throw new IllegalStateException("nobody holds " + lease);
        }
        switch (fault) {
            case REMOVE_LOCK -> leases.release(LeaseEditor.name(lease));
            case REMOVE_RECORDS -> rewrite(lease, record -> "");
            case OVERWRITE_RECORDS ->
                rewrite(lease, record -> LeaderRecord.parse(record)
                        .map(old -> new LeaderRecord(UUID.randomUUID(), old.fencingToken(), "elsewhere"))
                        .orElseThrow()
                        .toText());
            case WIPE -> leases.deleteAll(clusterId, election);
        }
    }

    /** Each record as {@code change} makes it; none of one that it makes empty. */
    private void rewrite(JsonNode lease, UnaryOperator<String> change) throws Exception {
        leases.edit(LeaseEditor.name(lease), present -> {
            ObjectNode record = (ObjectNode) record(present);
            JsonNode old = record.path("records");
            ObjectNode forged = record.putObject("records");
            old.fieldNames().forEachRemaining(component -> {
                String text = change.apply(old.path(component).toString());
                if (!text.isEmpty()) {
                    forged.set(component, KubeApi.json(text));
                }
            });
            LeaseEditor.annotate(present, RECORD, record.toString());
        });
    }

    @Override
    public void close() throws IOException {
        cluster.close();
    }
}
