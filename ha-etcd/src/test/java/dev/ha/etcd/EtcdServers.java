package dev.ha.etcd;

import dev.ha.tck.ServerData;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.ServerProcess;
import dev.ha.tck.support.ChildServer;
import dev.ha.tck.support.ServerHome;
import dev.ha.tck.support.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Real servers as processes of their own, of the version that {@code bin/test-servers} has brought, which can be stopped, continued and killed. Nothing of them is left behind. */
final class EtcdServers implements TestedServers, ServerNetwork, ServerData {
    /** Version lines that there are. */
    static final String NEW = "3.5";

    static final String OLD = "3.4";

    private final ServerHome home;
    private final Path binaries;
    private final String scheme;
    private final List<Server> servers = new ArrayList<>();
    private String cluster = "";

    private EtcdServers(String line, String scheme) throws IOException {
        this.binaries = binaries(line);
        this.home = new ServerHome("ha-etcd");
        this.scheme = scheme;
    }

    static EtcdServers start(int count) throws Exception {
        return start(NEW, count, List.of());
    }

    /** {@code options} of each server, {@code HOME} in them being a directory of its own; with a certificate among them they speak TLS with clients. */
    static EtcdServers start(String line, int count, List<String> options) throws Exception {
        if (!isInstalled(line)) {
            throw new IllegalStateException("no etcd " + line + " in " + binaries(line) + ": run bin/test-servers");
        }
        boolean tls = options.stream().anyMatch(option -> option.startsWith("--cert-file"));
        EtcdServers all = new EtcdServers(line, tls ? "https" : "http");
        try {
            int[] ports = ServerHome.freePorts(count * 2);
            List<String> peers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                PeerProxy proxy = new PeerProxy(ports[2 * i + 1]);
                peers.add("m" + i + "=http://127.0.0.1:" + proxy.port());
                all.servers.add(all.new Server("m" + i, ports[2 * i], ports[2 * i + 1], proxy, options));
            }
            all.cluster = String.join(",", peers);
            for (Server server : all.servers) {
                server.start();
            }
            for (Server server : all.servers) {
                server.awaitServing();
            }
            return all;
        } catch (Exception | Error failed) {
            all.close();
            throw failed;
        }
    }

    static boolean isInstalled(String line) {
        return Files.isExecutable(binaries(line).resolve("etcd"));
    }

    /** Where {@code bin/test-servers} puts the programs of that version line. */
    static Path binaries(String line) {
        return ServerHome.brought("etcd-" + line).resolve("bin");
    }

    List<Server> all() {
        return servers;
    }

    Server get(int index) {
        return servers.get(index);
    }

    Path directory() {
        return home.directory();
    }

    @Override
    public List<InetSocketAddress> addresses() {
        return servers.stream().map(Server::address).toList();
    }

    @Override
    public List<ServerProcess> processes() {
        return List.copyOf(servers);
    }

    @Override
    public Optional<ServerNetwork> network() {
        return servers.size() > 1 ? Optional.of(this) : Optional.empty();
    }

    @Override
    public Optional<ServerData> data() {
        return Optional.of(this);
    }

    String endpoints() {
        return servers.stream().map(Server::endpoint).collect(Collectors.joining(","));
    }

    /** The one that leads the cluster. */
    Server leader() throws InterruptedException {
        return leaderBut(null);
    }

    /** The one that leads the cluster, {@code stopped} being none. */
    Server leaderBut(@Nullable Server stopped) throws InterruptedException {
        Server[] found = new Server[1];
        Waiting.until(
                () -> {
                    for (Server server : servers) {
                        if (server != stopped && server.isAlive() && server.leads()) {
                            found[0] = server;
                            return true;
                        }
                    }
                    return false;
                },
                () -> "a leader of the cluster");
        return found[0];
    }

    @Override
    public void isolate(ServerProcess process, Cut cut) throws Exception {
        Server server = (Server) process;
        for (Server each : servers) {
            boolean own = each == server;
            String who = own ? "*" : server.id();
            // What a server hears comes as requests on connections to it, and as answers on its own.
            if (cut != Cut.OUTGOING) {
                if (own) {
                    each.proxy.holdRequests(who);
                } else {
                    each.proxy.holdAnswers(who);
                }
            }
            if (cut != Cut.INCOMING) {
                if (own) {
                    each.proxy.holdAnswers(who);
                } else {
                    each.proxy.holdRequests(who);
                }
            }
        }
    }

    @Override
    public void heal() {
        servers.forEach(server -> server.proxy.heal());
    }

    @Override
    public void save() throws Exception {
        Path backup = directory().resolve("backup");
        Files.deleteIfExists(backup);
        run(servers.get(0).endpoint(), "", "snapshot", "save", backup.toString());
    }

    @Override
    public void restore() throws Exception {
        setBack(server -> run(
                server.endpoint(),
                "",
                "snapshot",
                "restore",
                directory().resolve("backup").toString(),
                "--name=" + server.name,
                "--initial-cluster=" + cluster,
                "--initial-advertise-peer-urls=http://127.0.0.1:" + server.proxy.port(),
                "--data-dir=" + server.data()));
    }

    @Override
    public void wipe() throws Exception {
        setBack(server -> {});
    }

    /** What happens to a server while none runs, and none has data. */
    private interface Setting {
        void run(Server server) throws Exception;
    }

    private void setBack(Setting how) throws Exception {
        for (Server server : servers) {
            server.kill();
        }
        for (Server server : servers) {
            ServerHome.delete(server.data());
            how.run(server);
        }
        for (Server server : servers) {
            server.start();
        }
    }

    /** {@code etcdctl} on all servers; its output. */
    String ctl(String... arguments) throws Exception {
        return ctlWithInput("", arguments);
    }

    /** The same, with something to read. */
    String ctlWithInput(String input, String... arguments) throws Exception {
        return run(endpoints(), input, arguments);
    }

    private String run(String endpoints, String input, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(binaries.resolve("etcdctl").toString());
        command.add("--endpoints=" + endpoints);
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("ETCDCTL_API", "3");
        Process process = builder.start();
        try (OutputStream out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(List.of(arguments) + " failed: " + output);
        }
        return output;
    }

    @Override
    public void close() throws IOException {
        for (Server server : servers) {
            server.proxy.close();
        }
        home.close();
    }

    /** One server. */
    final class Server extends ChildServer {
        private final String name;
        private final int port;
        private final int peerPort;
        private final PeerProxy proxy;
        private final List<String> options;
        private String id = "";

        Server(String name, int port, int peerPort, PeerProxy proxy, List<String> options) throws IOException {
            super(home, name);
            this.name = name;
            this.port = port;
            this.peerPort = peerPort;
            this.proxy = proxy;
            this.options = options.stream()
                    .map(option -> option.replace("HOME", home().toString()))
                    .toList();
        }

        InetSocketAddress address() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }

        String endpoint() {
            return scheme + "://127.0.0.1:" + port;
        }

        Path data() {
            return home().resolve("data");
        }

        @Override
        protected List<String> command() {
            List<String> command = new ArrayList<>(List.of(
                    binaries.resolve("etcd").toString(),
                    "--name=" + name,
                    "--data-dir=" + data(),
                    "--listen-client-urls=" + endpoint(),
                    "--advertise-client-urls=" + endpoint(),
                    "--listen-peer-urls=http://127.0.0.1:" + peerPort,
                    "--initial-advertise-peer-urls=http://127.0.0.1:" + proxy.port(),
                    "--initial-cluster=" + cluster,
                    "--log-level=warn"));
            if (options.stream().noneMatch(option -> option.startsWith("--unsafe-no-fsync"))) {
                command.add("--unsafe-no-fsync"); // a test survives no power failure
            }
            command.addAll(options);
            return command;
        }

        /** For one that clients need TLS or a login for as well. */
        @Override
        public void awaitServing() throws InterruptedException {
            Waiting.until(() -> !EtcdProbe.status(this).isEmpty(), () -> name + " to serve: " + output());
        }

        @Override
        public boolean serves() {
            return isAlive() && EtcdProbe.serves(address());
        }

        @Override
        public boolean leads() {
            return isAlive() && EtcdProbe.leads(address());
        }

        /** Of the member, also when it does not answer: it never changes. */
        private String id() throws Exception {
            if (id.isEmpty()) {
                id = EtcdProbe.id(address());
            }
            return id;
        }

        /** How many requests of clients by that method it has dealt with since it was started, whatever became of them. */
        long handled(String method) throws IOException {
            try (InputStream metrics =
                    URI.create(endpoint() + "/metrics").toURL().openStream()) {
                return new String(metrics.readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .filter(line ->
                                line.startsWith("grpc_server_handled_total") && line.contains("\"" + method + "\""))
                        .mapToLong(line -> Math.round(Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))))
                        .sum();
            }
        }

        /** Of raft, as far as it has heard; 0 while it knows no leader. */
        long term() throws Exception {
            return EtcdProbe.term(address());
        }
    }
}
