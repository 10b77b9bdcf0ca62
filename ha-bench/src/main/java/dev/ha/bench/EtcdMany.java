package dev.ha.bench;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** As {@link Many}, on etcd. Arguments: how many (10000), then the address of a server (one of the test servers without it). */
public final class EtcdMany {
    private static final Duration REST = Duration.ofSeconds(20);

    private EtcdMany() {}

    /** Runs the parent, or with {@code child} as first argument one of its processes. */
    public static void main(String[] arguments) throws Exception {
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals("child")) {
            Many.hold(
                    Map.of(
                            "high-availability.mode", "etcd",
                            "high-availability.cluster-id", "many",
                            "high-availability.etcd.endpoints", arguments[1],
                            "high-availability.etcd.lease-ttl", "10 s"),
                    Integer.parseInt(arguments[2]),
                    out);
            return;
        }
        int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10_000;
        if (arguments.length > 1) {
            parent("http://" + arguments[1], count, out);
        } else {
            try (EtcdProcess server = EtcdProcess.start()) {
                parent(server.endpoint(), count, out);
            }
        }
        System.exit(0);
    }

    private static void parent(String endpoint, int count, PrintWriter out) throws Exception {
        List<Process> started = new ArrayList<>();
        try {
            Process first = start(endpoint, count, started);
            out.println("one process, " + count + " elections and followers: "
                    + reader(first).readLine());
            TimeUnit.SECONDS.sleep(5);
            long before = requests(endpoint);
            TimeUnit.MILLISECONDS.sleep(REST.toMillis());
            out.println("requests at rest in " + REST.toSeconds() + " s: " + (requests(endpoint) - before));
            Process second = start(endpoint, count, started);
            TimeUnit.SECONDS.sleep(30); // queued behind all of them
            long killedAt = System.nanoTime();
            first.destroyForcibly().waitFor();
            out.println("another process, started 30 s before the first one was killed: "
                    + reader(second).readLine());
            out.println("all taken over "
                    + Duration.ofNanos(System.nanoTime() - killedAt).toMillis() + " ms after kill -9 (TTL 10 s)");
        } finally {
            started.forEach(Process::destroyForcibly);
        }
    }

    private static Process start(String endpoint, int count, List<Process> started) throws Exception {
        Process process = Children.start(EtcdMany.class, endpoint, Integer.toString(count));
        started.add(process);
        return process;
    }

    private static BufferedReader reader(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** That the server has begun to serve so far. */
    private static long requests(String endpoint) throws Exception {
        String metrics = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(endpoint + "/metrics"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        return metrics.lines()
                .filter(line -> line.startsWith("grpc_server_started_total"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
