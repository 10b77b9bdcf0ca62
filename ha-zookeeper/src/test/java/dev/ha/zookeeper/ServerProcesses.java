package dev.ha.zookeeper;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Real servers as processes of their own, which can be stopped, continued and killed: Debian's ZooKeeper where {@code bin/test-servers} has brought it, otherwise the
 * server of the test class path.
 */
final class ServerProcesses implements AutoCloseable {
    private static final int TICK = 500;

    private final List<Server> servers = new ArrayList<>();
    private final Path directory;

    private ServerProcesses(Path directory) {
        this.directory = directory;
    }

    static ServerProcesses start(int count) throws Exception {
        return start(count, Map.of(), List.of());
    }

    /**
     * {@code properties} of each server's configuration, {@code options} of its JVM; {@code HOME} in them is a directory of its own. A {@code
     * secureClientPort}, whatever its value, is a free port.
     */
    static ServerProcesses start(int count, Map<String, String> properties, List<String> options) throws Exception {
        ServerProcesses all = new ServerProcesses(Files.createTempDirectory("ha-zookeeper"));
        int[] ports = freePorts(count * 4);
        StringBuilder members = new StringBuilder();
        for (int i = 0; i < count && count > 1; i++) {
            members.append("server.%d=127.0.0.1:%d:%d%n".formatted(i + 1, ports[4 * i + 1], ports[4 * i + 2]));
        }
        for (int i = 0; i < count; i++) {
            Path home = Files.createDirectories(all.directory.resolve("server-" + (i + 1)));
            Files.writeString(home.resolve("myid"), Integer.toString(i + 1));
            Map<String, String> configuration = new HashMap<>(Map.of(
                    "tickTime", Integer.toString(TICK),
                    "initLimit", "20",
                    "syncLimit", "10",
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
            Path file = home.resolve("zoo.cfg");
            Files.writeString(file, text.append(members));
            all.servers.add(new Server(home, file, ports[4 * i], ports[4 * i + 3], options));
        }
        for (Server server : all.servers) {
            server.start();
        }
        for (Server server : all.servers) {
            server.awaitServing();
        }
        return all;
    }

    private static int[] freePorts(int count) throws IOException {
        int[] ports = new int[count];
        List<ServerSocket> held = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            held.add(socket);
            ports[i] = socket.getLocalPort();
        }
        for (ServerSocket socket : held) {
            socket.close();
        }
        return ports;
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

    /** The one that leads the ensemble. */
    Server leader() throws InterruptedException {
        Server[] found = new Server[1];
        Waiting.until(
                () -> {
                    for (Server server : servers) {
                        if (server.ask("srvr").contains("Mode: leader")) {
                            found[0] = server;
                            return true;
                        }
                    }
                    return false;
                },
                () -> "a leader of the ensemble");
        return found[0];
    }

    @Override
    public void close() throws IOException {
        for (Server server : servers) {
            server.killIfAlive();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** One server. */
    static final class Server {
        private final Path home;
        private final Path configuration;
        private final int port;
        private final int securePort;
        private final List<String> options;
        private @Nullable Process process;

        Server(Path home, Path configuration, int port, int securePort, List<String> options) {
            this.home = home;
            this.configuration = configuration;
            this.port = port;
            this.securePort = securePort;
            this.options = options.stream()
                    .map(option -> option.replace("HOME", home.toString()))
                    .toList();
        }

        InetSocketAddress address() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }

        int securePort() {
            return securePort;
        }

        Path home() {
            return home;
        }

        void start() throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx512m",
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
            command.addAll(options);
            command.addAll(List.of(
                    "-cp", classPath(), "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration.toString()));
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            home.resolve("output").toFile()))
                    .start();
        }

        private static String classPath() {
            String cache = System.getenv("HA_TEST_SERVERS");
            String base = System.getenv("XDG_CACHE_HOME");
            Path home = cache != null
                    ? Path.of(cache)
                    : (base != null ? Path.of(base) : Path.of(System.getProperty("user.home"), ".cache"))
                            .resolve("ha-test-servers");
            Path debian = home.resolve("zookeeper").resolve("lib");
            return Files.exists(debian.resolve("zookeeper.jar"))
                    ? debian + File.separator + "*"
                    : System.getProperty("java.class.path");
        }

        void awaitServing() throws InterruptedException {
            Waiting.until(() -> ask("srvr").contains("Mode: "), () -> "server " + port + " to serve: " + output());
        }

        private String output() {
            try {
                return Files.readString(home.resolve("output"));
            } catch (IOException unreadable) {
                return unreadable.toString();
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

        void pause() throws Exception {
            signal("STOP");
        }

        void resume() throws Exception {
            signal("CONT");
        }

        private void signal(String name) throws Exception {
            Process kill = new ProcessBuilder(
                            "kill", "-" + name, Long.toString(started().pid()))
                    .start();
            if (kill.waitFor() != 0) {
                throw new IOException("kill -" + name + " failed");
            }
        }

        void kill() throws InterruptedException {
            if (!started().destroyForcibly().waitFor(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException(started().pid() + " lives on");
            }
        }

        private Process started() {
            return Objects.requireNonNull(process, "not started");
        }

        void killIfAlive() {
            if (process != null) {
                process.destroyForcibly();
            }
        }
    }
}
