package dev.ha.zookeeper;

import dev.ha.spi.LeaderRecord;
import dev.ha.spi.SafeName;
import dev.ha.tck.Capability;
import dev.ha.tck.Fault;
import dev.ha.tck.HighAvailabilityFixture;
import dev.ha.tck.RawElection;
import dev.ha.tck.ServerData;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.ServerProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/** Reads the nodes as docs/decisions/0005-zookeeper-own-recipe.md describes them, with a client of its own and none of the backend's code. */
final class ZooKeeperFixture implements HighAvailabilityFixture {
    private static final Pattern CANDIDATE = Pattern.compile("c-.{22}-(-?\\d{10})");
    private static final Pattern HISTORY = Pattern.compile("\"history\":\"([^\"]+)\"");
    private static final Pattern BOUND = Pattern.compile("\"candidate\":\"([^\"]*)\"");
    private static final Pattern RECORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\":"
            + "(\\{\"v\":1,\"session\":\"[^\"]*\",\"token\":\\d+,\"address\":\"(?:[^\"\\\\]|\\\\.)*\"\\})");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u([0-9a-f]{4})|(.))");

    private final List<InetSocketAddress> servers;
    private final AutoCloseable ensemble;
    private final @Nullable ServerProcesses processes;
    private ZooKeeper client;

    /** {@code ensemble} is closed with this. */
    ZooKeeperFixture(List<InetSocketAddress> servers, AutoCloseable ensemble) throws Exception {
        this(servers, ensemble, null);
    }

    private ZooKeeperFixture(
            List<InetSocketAddress> servers, AutoCloseable ensemble, @Nullable ServerProcesses processes)
            throws Exception {
        this.servers = servers;
        this.ensemble = ensemble;
        this.processes = processes;
        this.client = connect(servers);
    }

    /** Servers that harm can be done to; closed with this. */
    static ZooKeeperFixture of(ServerProcesses processes) throws Exception {
        return new ZooKeeperFixture(processes.addresses(), processes, processes);
    }

    private static ZooKeeper connect(List<InetSocketAddress> servers) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper client = new ZooKeeper(quorum(servers), 30_000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        if (!connected.await(60, TimeUnit.SECONDS)) {
            client.close();
            throw new IOException("no connection to " + servers);
        }
        return client;
    }

    static String quorum(List<InetSocketAddress> servers) {
        return servers.stream()
                .map(server -> server.getAddress().getHostAddress() + ":" + server.getPort())
                .collect(Collectors.joining(","));
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public List<InetSocketAddress> servers() {
        return servers;
    }

    @Override
    public Duration shortestLease() {
        return Duration.ofSeconds(processes == null ? 6 : 5); // servers in this JVM stand still when it does
    }

    /** A write is evidence a quarter to a third of the timeout after it was sent, and the margin is a third: a sixth is left (SAFETY Z1). */
    @Override
    public Duration bearableDelay() {
        return shortestLease().dividedBy(12);
    }

    @Override
    public Map<String, String> configuration(List<InetSocketAddress> through, Duration lease) {
        return Map.of(
                "high-availability.mode",
                "zookeeper",
                "high-availability.zookeeper.quorum",
                quorum(through),
                "high-availability.zookeeper.client.session-timeout",
                lease.toMillis() + " ms",
                "high-availability.zookeeper.client.connection-timeout",
                // An answer that is late on a machine that starts ten servers is no fault, unless the lease is that
                // short.
                lease.compareTo(Duration.ofSeconds(20)) < 0 ? "5 s" : "10 s",
                // It would find the way past the proxies.
                "high-availability.zookeeper.client.ensemble-tracker",
                "false");
    }

    private static String path(String clusterId, String election) {
        return "/flink/" + SafeName.encode(clusterId, 200) + "/elections/" + SafeName.encode(election, 200);
    }

    @Override
    public List<ServerProcess> serverProcesses() {
        return processes == null ? List.of() : List.copyOf(processes.all());
    }

    @Override
    public Optional<ServerNetwork> serverNetwork() {
        return Optional.ofNullable(processes);
    }

    @Override
    public Optional<ServerData> serverData() {
        return Optional.ofNullable(processes);
    }

    /** A client that has seen more than the servers now have never gets a connection again, and one whose server was stopped may have lost its session. */
    private void reconnectIfLost() throws Exception {
        try {
            client.exists("/", false);
        } catch (KeeperException lost) {
            client.close(1_000);
            client = connect(servers);
        }
    }

    @Override
    public RawElection raw(String clusterId, String election) throws Exception {
        String path = path(clusterId, election);
        reconnectIfLost();
        while (true) {
            sync(path);
            try {
                String history = find(HISTORY, text(client.getData(path, false, null)));
                String holder = holder(path);
                Stat held = holder.isEmpty() ? null : client.exists(path + "/" + holder, false);
                if (!holder.isEmpty() && held == null) {
                    continue; // gone while we looked
                }
                Stat stat = new Stat();
                String record = record(path, stat);
                boolean bound = !holder.isEmpty() && holder.equals(find(BOUND, record));
                return new RawElection(
                        history,
                        held == null ? 0 : held.getCzxid(),
                        bound ? records(record) : Map.of(),
                        entries(path),
                        OptionalLong.of(stat.getVersion()));
            } catch (KeeperException.NoNodeException gone) {
                if (client.exists(path, false) == null) {
                    return RawElection.NOTHING;
                }
            }
        }
    }

    private void sync(String path) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        client.sync(path, (rc, asked, ctx) -> done.countDown(), null);
        if (!done.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("no answer to sync");
        }
    }

    private String record(String path, Stat stat) throws KeeperException, InterruptedException {
        try {
            return text(client.getData(path + "/record", false, stat));
        } catch (KeeperException.NoNodeException removed) {
            return "";
        }
    }

    /** The candidate with the smallest sequence; empty text if there is none. */
    private String holder(String path) throws KeeperException, InterruptedException {
        TreeMap<Integer, String> queue = new TreeMap<>();
        for (String child : client.getChildren(path, false)) {
            Matcher candidate = CANDIDATE.matcher(child);
            if (candidate.matches()) {
                queue.put(Integer.valueOf(candidate.group(1)), child);
            }
        }
        return queue.isEmpty() ? "" : queue.firstEntry().getValue();
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

    private Map<String, String> entries(String path) throws KeeperException, InterruptedException {
        Map<String, String> entries = new HashMap<>();
        for (String child : client.getChildren(path + "/entries", false)) {
            try {
                String text = text(client.getData(path + "/entries/" + child, false, null));
                entries.put(SafeName.decode(child), text.substring(text.indexOf('\n') + 1));
            } catch (KeeperException.NoNodeException justDeleted) {
                // Not there is what there is to read.
            }
        }
        return entries;
    }

    private static String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public Set<Fault> faults() {
        return EnumSet.allOf(Fault.class);
    }

    @Override
    public void inject(Fault fault, String clusterId, String election) throws Exception {
        String path = path(clusterId, election);
        reconnectIfLost();
        sync(path);
        String holder = holder(path);
        if (holder.isEmpty()) {
            throw new IllegalStateException("nobody holds " + path);
        }
        switch (fault) {
            case REMOVE_LOCK -> client.delete(path + "/" + holder, -1);
            case REMOVE_RECORDS -> client.delete(path + "/record", -1);
            case OVERWRITE_RECORDS -> overwrite(path + "/record");
            case WIPE -> wipe(path);
        }
    }

    private void overwrite(String path) throws KeeperException, InterruptedException {
        String text = text(client.getData(path, false, null));
        String forged = RECORD.matcher(text).replaceAll(found -> {
            LeaderRecord old = LeaderRecord.parse(found.group(2)).orElseThrow();
            return Matcher.quoteReplacement("\"" + found.group(1) + "\":"
                    + new LeaderRecord(UUID.randomUUID(), old.fencingToken(), "elsewhere").toText());
        });
        client.setData(path, forged.getBytes(StandardCharsets.UTF_8), -1);
    }

    /** As {@code deleteall} of ZooKeeper's shell, until it is content: whoever stands by makes nodes again. */
    private void wipe(String path) throws InterruptedException, KeeperException {
        while (true) {
            try {
                ZKUtil.deleteRecursive(client, path);
                return;
            } catch (KeeperException.NotEmptyException | KeeperException.NoNodeException changed) {
                if (client.exists(path, false) == null) {
                    return;
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            client.close();
            ensemble.close();
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
