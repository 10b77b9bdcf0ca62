package dev.ha.bench;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.test.TestingServer;

/**
 * Many elections and followers in one process: how long until all are held, what they cost at rest, and how long until another process has them all after
 * {@code kill -9}. Arguments: how many (10000), then the server (one in this JVM without it).
 */
public final class Many {
    private static final Duration REST = Duration.ofSeconds(20);

    private Many() {}

    /** Runs the parent, or with {@code child} as first argument one of its processes. */
    public static void main(String[] arguments) throws Exception {
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals("child")) {
            child(arguments[1], Integer.parseInt(arguments[2]), out);
            return;
        }
        int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10_000;
        if (arguments.length > 1) {
            parent(arguments[1], count, out);
        } else {
            try (TestingServer server = new TestingServer(true)) {
                parent(server.getConnectString(), count, out);
            }
        }
        System.exit(0);
    }

    // ---- one process

    private static void child(String servers, int count, PrintWriter out) throws InterruptedException {
        hold(
                Map.of(
                        "high-availability.mode", "zookeeper",
                        "high-availability.cluster-id", "many",
                        "high-availability.zookeeper.quorum", servers,
                        "high-availability.zookeeper.client.session-timeout", "10 s"),
                count,
                out);
    }

    /** Contends in {@code count} elections and follows them, for ever; says so when it leads and sees all. */
    static void hold(Map<String, String> configuration, int count, PrintWriter out) throws InterruptedException {
        long began = System.nanoTime();
        HighAvailabilityServices services = HighAvailability.create(configuration);
        AtomicInteger confirmed = new AtomicInteger();
        AtomicInteger lost = new AtomicInteger();
        AtomicInteger followed = new AtomicInteger();
        for (int i = 0; i < count; i++) {
            services.leaderElection("election-" + i).start(contender("tcp://host:" + i, confirmed, lost));
        }
        for (int i = 0; i < count; i++) {
            services.leaderRetrieval("election-" + i).start(leader -> {
                if (leader instanceof LeaderInformation.Leader) {
                    followed.incrementAndGet();
                }
            });
        }
        boolean told = false;
        while (true) {
            TimeUnit.MILLISECONDS.sleep(20);
            if (!told && confirmed.get() >= count && followed.get() >= count) {
                told = true;
                out.println(
                        "held " + Duration.ofNanos(System.nanoTime() - began).toMillis() + " threads "
                                + Thread.activeCount() + " lost " + lost.get());
            }
        }
    }

    private static LeaderContender contender(String address, AtomicInteger confirmed, AtomicInteger lost) {
        return new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                leadership.confirm(address).thenRun(confirmed::incrementAndGet);
            }

            @Override
            public void revokeLeadership(Leadership leadership) {
                lost.incrementAndGet();
            }

            @Override
            public void handleError(HighAvailabilityException error) {}
        };
    }

    // ---- all together

    private static void parent(String servers, int count, PrintWriter out) throws Exception {
        List<Process> started = new ArrayList<>();
        try {
            long few = atRest(servers, 10, out, started);
            kill(started.get(0));
            Process first = start(servers, count, started);
            BufferedReader firstSays = reader(first);
            out.println("one process, " + count + " elections and followers: " + firstSays.readLine());
            long many = requestsIn(servers, REST);
            out.println("requests at rest in " + REST.toSeconds() + " s: " + many + ", with 10 elections: " + few);
            Process second = start(servers, count, started);
            BufferedReader secondSays = reader(second);
            TimeUnit.SECONDS.sleep(30); // queued behind all of them
            long killedAt = System.nanoTime();
            kill(first);
            out.println("another process, started 30 s before the first one was killed: " + secondSays.readLine());
            out.println("all taken over "
                    + Duration.ofNanos(System.nanoTime() - killedAt).toMillis()
                    + " ms after kill -9 (session timeout 10 s)");
            out.println("the server is well: "
                    + ask(servers, "srvr")
                            .lines()
                            .filter(line -> line.startsWith("Mode"))
                            .toList());
        } finally {
            for (Process process : started) {
                process.destroyForcibly();
            }
        }
    }

    private static long atRest(String servers, int count, PrintWriter out, List<Process> started) throws Exception {
        out.println("one process, " + count + " elections and followers: "
                + reader(start(servers, count, started)).readLine());
        return requestsIn(servers, REST);
    }

    private static Process start(String servers, int count, List<Process> started) throws IOException {
        Process process = Children.start(Many.class, servers, Integer.toString(count));
        started.add(process);
        return process;
    }

    private static BufferedReader reader(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    private static void kill(Process process) throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    private static long requestsIn(String servers, Duration time) throws Exception {
        TimeUnit.SECONDS.sleep(5);
        long before = received(servers);
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
        return received(servers) - before;
    }

    private static long received(String servers) throws IOException {
        return ask(servers, "srvr")
                .lines()
                .filter(line -> line.startsWith("Received: "))
                .mapToLong(line -> Long.parseLong(line.substring("Received: ".length())))
                .sum();
    }

    private static String ask(String servers, String word) throws IOException {
        String[] address = servers.split(",", -1)[0].split(":", -1);
        try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
            socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
