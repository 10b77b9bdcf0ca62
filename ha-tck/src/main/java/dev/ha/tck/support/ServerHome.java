package dev.ha.tck.support;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/**
 * Where the servers live that a test starts: a temporary directory, and the processes in it. Closed, or when the JVM ends before that, it kills them all and leaves
 * nothing behind.
 */
public final class ServerHome implements AutoCloseable {
    private final Path directory;
    private final List<ChildServer> servers = new CopyOnWriteArrayList<>();
    private final Thread atExit = new Thread(this::abandon, "kill-servers");

    /** A new directory whose name begins with {@code prefix}. */
    public ServerHome(String prefix) throws IOException {
        directory = Files.createTempDirectory(prefix);
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** What {@code bin/test-servers} has brought under that name, whether it has or not. */
    public static Path brought(String name) {
        String cache = System.getenv("HA_TEST_SERVERS");
        String base = System.getenv("XDG_CACHE_HOME");
        Path home = cache != null
                ? Path.of(cache)
                : (base != null ? Path.of(base) : Path.of(System.getProperty("user.home"), ".cache"))
                        .resolve("ha-test-servers");
        return home.resolve(name);
    }

    /** Ports of the loopback interface that nobody listens on, all different. */
    public static int[] freePorts(int count) throws IOException {
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

    /** Removes it and all that is in it, if it is there. */
    public static void delete(Path directory) throws IOException {
        if (Files.notExists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** The temporary directory. */
    public Path directory() {
        return directory;
    }

    /** A new directory in it, for one server. */
    Path room(ChildServer server, String name) throws IOException {
        servers.add(server);
        return Files.createDirectories(directory.resolve(name));
    }

    private void killAll() {
        servers.forEach(ChildServer::killIfAlive);
    }

    /** Whoever ended the JVM has not closed it. */
    private void abandon() {
        killAll();
        try {
            delete(directory);
        } catch (IOException stillInUse) {
            // The operating system cleans its temporary directory.
        }
    }

    @Override
    public void close() throws IOException {
        killAll();
        Runtime.getRuntime().removeShutdownHook(atExit);
        delete(directory);
    }
}
