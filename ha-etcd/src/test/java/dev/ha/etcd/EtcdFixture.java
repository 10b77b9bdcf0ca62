package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.SafeName;
import dev.ha.tck.Capability;
import dev.ha.tck.Fault;
import dev.ha.tck.HighAvailabilityFixture;
import dev.ha.tck.RawElection;
import dev.ha.tck.ServerData;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.ServerProcess;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads the keys as docs/decisions/0006-etcd-protocol.md describes them, with a client of its own and none of the backend's code. */
final class EtcdFixture implements HighAvailabilityFixture {
    private static final Pattern HISTORY = Pattern.compile("\"history\":\"([^\"]+)\"");
    private static final Pattern BOUND = Pattern.compile("\"candidate\":\"([^\"]*)\"");
    private static final Pattern RECORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\":"
            + "(\\{\"v\":1,\"session\":\"[^\"]*\",\"token\":\\d+,\"address\":\"(?:[^\"\\\\]|\\\\.)*\"\\})");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u([0-9a-f]{4})|(.))");

    private final TestedServers servers;
    private final Map<String, String> unmet;
    private final ManagedChannel channel;

    /** {@code unmet} rules by their ids, with the reason; {@code servers} are closed with this. */
    EtcdFixture(TestedServers servers, Map<String, String> unmet) {
        this.servers = servers;
        this.unmet = unmet;
        this.channel = NettyChannelBuilder.forAddress(servers.addresses().get(0))
                .usePlaintext()
                .build();
    }

    private KVGrpc.KVBlockingStub kv() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public List<InetSocketAddress> servers() {
        return servers.addresses();
    }

    @Override
    public List<ServerProcess> serverProcesses() {
        return servers.processes();
    }

    @Override
    public Optional<ServerNetwork> serverNetwork() {
        return servers.network();
    }

    @Override
    public Optional<ServerData> serverData() {
        return servers.data();
    }

    /** A renewal is two round trips, begun a quarter of the TTL after the last, each given a sixth; a fifth is the margin. */
    @Override
    public Duration bearableDelay() {
        return shortestLease().dividedBy(10);
    }

    @Override
    public Map<String, String> assumptionsNotMet() {
        return unmet;
    }

    @Override
    public Map<String, String> configuration(List<InetSocketAddress> through, Duration lease) {
        return Map.of(
                "high-availability.mode",
                "etcd",
                "high-availability.etcd.endpoints",
                through.stream()
                        .map(server -> server.getAddress().getHostAddress() + ":" + server.getPort())
                        .collect(Collectors.joining(",")),
                "high-availability.etcd.lease-ttl",
                (lease.toMillis() + 999) / 1_000 + " s");
    }

    private static String prefix(String clusterId, String kind, String election) {
        return "/ha/" + SafeName.encode(clusterId, 200) + "/" + kind + "/" + SafeName.encode(election, 200) + "/";
    }

    private static RangeRequest below(String prefix) {
        return RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(prefix))
                .setRangeEnd(end(prefix))
                .build();
    }

    private static ByteString end(String prefix) {
        return ByteString.copyFromUtf8(prefix.substring(0, prefix.length() - 1) + "0");
    }

    private static RequestOp read(String prefix) {
        return RequestOp.newBuilder().setRequestRange(below(prefix)).build();
    }

    @Override
    public RawElection raw(String clusterId, String election) {
        String prefix = prefix(clusterId, "elections", election);
        String entries = prefix(clusterId, "entries", election);
        var answer = kv().txn(TxnRequest.newBuilder()
                .addSuccess(read(prefix))
                .addSuccess(read(entries))
                .build());
        Map<String, KeyValue> found = byName(answer.getResponses(0).getResponseRange(), prefix);
        if (found.isEmpty()) {
            return RawElection.NOTHING;
        }
        KeyValue holder = holder(found);
        KeyValue record = found.get("record");
        String text = record == null ? "" : record.getValue().toStringUtf8();
        boolean bound = holder != null && holder.getKey().toStringUtf8().equals(prefix + "c/" + find(BOUND, text));
        Map<String, String> values = new HashMap<>();
        byName(answer.getResponses(1).getResponseRange(), entries).forEach((name, entry) -> {
            String value = entry.getValue().toStringUtf8();
            values.put(SafeName.decode(name), value.substring(value.indexOf('\n') + 1));
        });
        KeyValue root = found.get("root");
        return new RawElection(
                root == null ? "" : find(HISTORY, root.getValue().toStringUtf8()),
                holder == null ? 0 : holder.getCreateRevision(),
                bound ? records(text) : Map.of(),
                values,
                OptionalLong.of(record == null ? 0 : record.getVersion()));
    }

    private static Map<String, KeyValue> byName(RangeResponse range, String prefix) {
        return range.getKvsList().stream()
                .collect(Collectors.toMap(
                        found -> found.getKey().toStringUtf8().substring(prefix.length()), found -> found));
    }

    private static @org.jspecify.annotations.Nullable KeyValue holder(Map<String, KeyValue> found) {
        return found.entrySet().stream()
                .filter(each -> each.getKey().startsWith("c/"))
                .map(Map.Entry::getValue)
                .min((a, b) -> Long.compare(a.getCreateRevision(), b.getCreateRevision()))
                .orElse(null);
    }

    private static Map<String, LeaderRecord> records(String text) {
        Map<String, LeaderRecord> records = new HashMap<>();
        Matcher matcher = RECORD.matcher(text);
        while (matcher.find()) {
            String component = ESCAPE.matcher(matcher.group(1))
                    .replaceAll(escape -> Matcher.quoteReplacement(
                            escape.group(1) == null
                                    ? escape.group(2)
                                    : String.valueOf((char) Integer.parseInt(escape.group(1), 16))));
            LeaderRecord.parse(matcher.group(2)).ifPresent(record -> records.put(component, record));
        }
        return records;
    }

    private static String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "";
    }

    @Override
    public Set<Fault> faults() {
        return EnumSet.allOf(Fault.class);
    }

    @Override
    public void inject(Fault fault, String clusterId, String election) {
        String prefix = prefix(clusterId, "elections", election);
        Map<String, KeyValue> found = byName(kv().range(below(prefix)), prefix);
        KeyValue holder = holder(found);
        if (holder == null) {
            throw new IllegalStateException("nobody holds " + prefix);
        }
        switch (fault) {
            case REMOVE_LOCK -> delete(holder.getKey());
            case REMOVE_RECORDS -> delete(ByteString.copyFromUtf8(prefix + "record"));
            case OVERWRITE_RECORDS -> overwrite(Objects.requireNonNull(found.get("record")));
            case WIPE -> {
                for (String each : List.of(prefix, prefix(clusterId, "entries", election))) {
                    kv().deleteRange(DeleteRangeRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8(each))
                            .setRangeEnd(end(each))
                            .build());
                }
            }
        }
    }

    private void delete(ByteString key) {
        kv().deleteRange(DeleteRangeRequest.newBuilder().setKey(key).build());
    }

    private void overwrite(KeyValue record) {
        String forged = RECORD.matcher(record.getValue().toStringUtf8()).replaceAll(found -> {
            LeaderRecord old = LeaderRecord.parse(found.group(2)).orElseThrow();
            return Matcher.quoteReplacement("\"" + found.group(1) + "\":"
                    + new LeaderRecord(UUID.randomUUID(), old.fencingToken(), "elsewhere").toText());
        });
        kv().put(PutRequest.newBuilder()
                .setKey(record.getKey())
                .setValue(ByteString.copyFromUtf8(forged))
                .build());
    }

    @Override
    public void close() throws IOException {
        channel.shutdownNow();
        servers.close();
    }
}
