package dev.ha.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One etcd server of those that {@code bin/test-servers} has brought, on free ports, with its log on disk; alone or with others. */
final class EtcdProcess implements AutoCloseable {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    private final List<String> command;
    private final Path directory;
    private final String endpoint;
    private Process process;

    private EtcdProcess(List<String> command, Path directory, String endpoint) throws IOException {
        this.command = command;
        this.directory = directory;
        this.endpoint = endpoint;
        this.process = run();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> process.destroyForcibly()));
    }

    private Process run() throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    static EtcdProcess start() throws Exception {
        return start(1).get(0);
    }

    /** A cluster of that many; all serve. */
    static List<EtcdProcess> start(int count) throws Exception {
        String cache = System.getenv("HA_TEST_SERVERS");
        Path home =
                cache != null ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache", "ha-test-servers");
        List<String> peers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            peers.add("http://127.0.0.1:" + freePort());
        }
        List<EtcdProcess> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path directory = Files.createTempDirectory("ha-bench");
            String client = "http://127.0.0.1:" + freePort();
            members.add(new EtcdProcess(
                    List.of(
                            home.resolve("etcd-3.5/bin/etcd").toString(),
                            "--name=m" + i,
                            "--data-dir=" + directory,
                            "--listen-client-urls=" + client,
                            "--advertise-client-urls=" + client,
                            "--listen-peer-urls=" + peers.get(i),
                            "--initial-advertise-peer-urls=" + peers.get(i),
                            "--initial-cluster=" + cluster(peers),
                            "--log-level=error"),
                    directory,
                    client));
        }
        for (EtcdProcess member : members) {
            member.awaitServing();
        }
        return members;
    }

    private static String cluster(List<String> peers) {
        return Stream.iterate(0, i -> i < peers.size(), i -> i + 1)
                .map(i -> "m" + i + "=" + peers.get(i))
                .collect(Collectors.joining(","));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    String endpoint() {
        return endpoint;
    }

    void awaitServing() throws InterruptedException {
        for (int tries = 0; tries < 600; tries++) {
            if (get("/health").contains("\"true\"")) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new IllegalStateException("etcd does not start: run bin/test-servers");
    }

    /** By its own word. */
    boolean leads() throws InterruptedException {
        return get("/metrics").lines().anyMatch("etcd_server_is_leader 1"::equals);
    }

    /** Nothing if it does not answer. */
    private String get(String path) throws InterruptedException {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(endpoint + path))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            return HTTP.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
                    .body();
        } catch (IOException silent) {
            return "";
        }
    }

    void kill() {
        process.destroyForcibly().onExit().join();
    }

    void restart() throws IOException {
        process = run();
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
