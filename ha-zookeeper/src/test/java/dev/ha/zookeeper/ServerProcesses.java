package dev.ha.zookeeper;

import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.ServerData;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.ServerProcess;
import dev.ha.tck.support.ChildServer;
import dev.ha.tck.support.ServerHome;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Real servers as processes of their own, which can be stopped, continued, killed, cut off from each other and set back: Debian's ZooKeeper where
 * {@code bin/test-servers} has brought it, otherwise the server of the test class path.
 *
 * <p>Each server of an ensemble knows the others by the addresses of proxies that only it uses.
 */
final class ServerProcesses implements ServerNetwork, ServerData, AutoCloseable {
    private static final int TICK = 500;

    /** A server goes on believing in another that it does not hear for this many ticks, longer than the TCK's clients talk to one that is cut off. */
    private static final int SYNC_LIMIT = 10;

    /** A server that was elected begins to listen when the others know it already; refused, they come again for a second, but hung up on they elect again. */
    private static final Duration COMING_UP = Duration.ofSeconds(2);

    private final List<Server> servers = new ArrayList<>();
    private final List<Link> links = new ArrayList<>();
    private final ServerHome home = new ServerHome("ha-zookeeper");

    /** A proxy through which one server reaches another. */
    private record Link(int from, int to, FaultProxy proxy) {}

    private ServerProcesses() throws IOException {}

    static ServerProcesses start(int count) throws Exception {
        return start(count, Map.of(), List.of());
    }

    /**
     * {@code properties} of each server's configuration, {@code options} of its JVM; {@code HOME} in them is a directory of its own. A {@code
     * secureClientPort}, whatever its value, is a free port.
     */
    static ServerProcesses start(int count, Map<String, String> properties, List<String> options) throws Exception {
        ServerProcesses all = new ServerProcesses();
        int[] ports = ServerHome.freePorts(count * 4);
        for (int i = 0; i < count; i++) {
            Server server = new Server(all.home, "server-" + (i + 1), ports[4 * i], ports[4 * i + 3], options);
            all.servers.add(server);
            Path home = server.home();
            Files.writeString(home.resolve("myid"), Integer.toString(i + 1));
            Map<String, String> configuration = new HashMap<>(Map.of(
                    "tickTime", Integer.toString(TICK),
                    "initLimit", "20",
                    "syncLimit", Integer.toString(SYNC_LIMIT),
                    "maxSessionTimeout", "60000",
                    "dataDir", home.toString(),
                    "clientPort", Integer.toString(ports[4 * i]),
                    "clientPortAddress", "127.0.0.1",
                    "admin.enableServer", "false",
                    "4lw.commands.whitelist", "srvr,ruok,mntr"));
            configuration.putAll(properties);
            if (configuration.containsKey("secureClientPort")) {
                configuration.put("secureClientPort", Integer.toString(ports[4 * i + 3]));
                configuration.put("secureClientPortAddress", "127.0.0.1");
            }
            StringBuilder text = new StringBuilder();
            configuration.forEach((key, value) -> text.append(key)
                    .append('=')
                    .append(value.replace("HOME", home.toString()))
                    .append('\n'));
            for (int j = 0; j < count && count > 1; j++) {
                int quorum = all.known(i, j, ports[4 * j + 1], UnaryOperator.identity());
                int election = all.known(i, j, ports[4 * j + 2], ServerProcesses::withoutAddress);
                text.append("server.%d=127.0.0.1:%d:%d%n".formatted(j + 1, quorum, election));
            }
            Files.writeString(server.configuration(), text);
        }
        for (Server server : all.servers) {
            server.start();
        }
        for (Server server : all.servers) {
            server.awaitServing();
        }
        return all;
    }

    /** As what port {@code from} knows that {@code port} of {@code to}: its own one as it is, another's as that of a proxy. */
    private int known(int from, int to, int port, UnaryOperator<byte[]> greeting) {
        if (from == to) {
            return port;
        }
        FaultProxy proxy = FaultProxy.before(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), COMING_UP);
        proxy.greet(greeting);
        links.add(new Link(from, to, proxy));
        return proxy.address().getPort();
    }

    /**
     * The first message to a server's election port: a version, the number of the sender, and its own election address, to which a server with a larger number
     * connects in its turn, past the proxies. A message of the first version is the number alone; then that server takes the address that it was configured with.
     */
    private static byte[] withoutAddress(byte[] greeting) {
        ByteBuffer message = ByteBuffer.wrap(greeting);
        if (greeting.length < 20 || message.getLong(0) >= 0) {
            return greeting;
        }
        int rest = 20 + message.getInt(16);
        return ByteBuffer.allocate(8 + greeting.length - rest)
                .put(greeting, 8, 8)
                .put(greeting, rest, greeting.length - rest)
                .array();
    }

    List<Server> all() {
        return servers;
    }

    Server get(int index) {
        return servers.get(index);
    }

    List<InetSocketAddress> addresses() {
        return servers.stream().map(Server::address).toList();
    }

    String connectString() {
        return ZooKeeperFixture.quorum(addresses());
    }

    // ---- apart

    @Override
    public void isolate(ServerProcess server, Cut cut) {
        int index = servers.indexOf(server);
        for (Link link : links) {
            if (link.from == index && cut != Cut.INCOMING) {
                link.proxy.stall(Direction.TO_SERVER);
            }
            if (link.from == index && cut != Cut.OUTGOING) {
                link.proxy.stall(Direction.TO_CLIENT);
            }
            if (link.to == index && cut != Cut.INCOMING) {
                link.proxy.stall(Direction.TO_CLIENT);
            }
            if (link.to == index && cut != Cut.OUTGOING) {
                link.proxy.stall(Direction.TO_SERVER);
            }
        }
    }

    @Override
    public void heal() {
        links.forEach(link -> link.proxy.resume());
    }

    // ---- set back

    /** With all servers down: the next ones to lead begin another epoch, as those do that start from what was saved. */
    @Override
    public void save() throws Exception {
        killAll();
        for (Server server : servers) {
            ServerHome.delete(server.saved());
            copy(server.data(), server.saved());
        }
        startAll();
    }

    @Override
    public void restore() throws Exception {
        killAll();
        for (Server server : servers) {
            ServerHome.delete(server.data());
            copy(server.saved(), server.data());
        }
        startAll();
    }

    @Override
    public void wipe() throws Exception {
        killAll();
        for (Server server : servers) {
            ServerHome.delete(server.data());
        }
        startAll();
    }

    private void killAll() throws InterruptedException {
        for (Server server : servers) {
            server.kill();
        }
    }

    private void startAll() throws IOException {
        for (Server server : servers) {
            server.start();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    @Override
    public void close() throws IOException {
        links.forEach(link -> link.proxy.close());
        home.close();
    }

    /** One server. */
    static final class Server extends ChildServer {
        private final int port;
        private final int securePort;
        private final List<String> options;

        Server(ServerHome home, String name, int port, int securePort, List<String> options) throws IOException {
            super(home, name);
            this.port = port;
            this.securePort = securePort;
            this.options = options.stream()
                    .map(option -> option.replace("HOME", home().toString()))
                    .toList();
        }

        InetSocketAddress address() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }

        int securePort() {
            return securePort;
        }

        private Path data() {
            return home().resolve("version-2");
        }

        private Path saved() {
            return home().resolve("saved");
        }

        private Path configuration() {
            return home().resolve("zoo.cfg");
        }

        @Override
        protected List<String> command() {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx512m",
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
            command.addAll(options);
            command.addAll(List.of(
                    "-cp",
                    classPath(),
                    "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                    configuration().toString()));
            return command;
        }

        private static String classPath() {
            Path debian = ServerHome.brought("zookeeper").resolve("lib");
            return Files.exists(debian.resolve("zookeeper.jar"))
                    ? debian + File.separator + "*"
                    : System.getProperty("java.class.path");
        }

        @Override
        public boolean serves() {
            return mode().contains("Mode: ");
        }

        @Override
        public boolean leads() {
            return mode().contains("Mode: leader") || mode().contains("Mode: standalone");
        }

        private String mode() {
            try {
                return ask("srvr");
            } catch (IOException silent) {
                return "";
            }
        }

        String ask(String word) throws IOException {
            try (Socket socket = new Socket()) {
                socket.connect(address(), 1_000);
                socket.setSoTimeout(2_000);
                socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }
}
