package dev.ha.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One etcd server of those that {@code bin/test-servers} has brought, on free ports. */
final class EtcdProcess implements AutoCloseable {
    private final Process process;
    private final Path directory;
    private final int port;

    private EtcdProcess(Process process, Path directory, int port) {
        this.process = process;
        this.directory = directory;
        this.port = port;
    }

    static EtcdProcess start() throws Exception {
        String cache = System.getenv("HA_TEST_SERVERS");
        Path home =
                cache != null ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache", "ha-test-servers");
        Path directory = Files.createTempDirectory("ha-bench");
        int port = freePort();
        String peer = "http://127.0.0.1:" + freePort();
        String client = "http://127.0.0.1:" + port;
        Process process = new ProcessBuilder(List.of(
                        home.resolve("etcd-3.5/bin/etcd").toString(),
                        "--name=bench",
                        "--data-dir=" + directory,
                        "--listen-client-urls=" + client,
                        "--advertise-client-urls=" + client,
                        "--listen-peer-urls=" + peer,
                        "--initial-advertise-peer-urls=" + peer,
                        "--initial-cluster=bench=" + peer,
                        "--log-level=error"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        EtcdProcess started = new EtcdProcess(process, directory, port);
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        for (int tries = 0; tries < 200; tries++) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                TimeUnit.SECONDS.sleep(1); // it elects itself
                return started;
            } catch (IOException notYet) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        started.close();
        throw new IllegalStateException("etcd does not start: run bin/test-servers");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    String endpoint() {
        return "http://127.0.0.1:" + port;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
