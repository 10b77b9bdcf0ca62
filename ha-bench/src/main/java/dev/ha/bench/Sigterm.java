package dev.ha.bench;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.test.TestingServer;

/**
 * How long after SIGTERM of the leading process a waiting one leads, beside Curator's LeaderLatch, closed by a shutdown hook as its users do. Each round ends one
 * process and starts another, for each of the two in turn. Arguments: rounds (20), then the servers (a server in this JVM without them).
 */
public final class Sigterm {
    private static final long QUEUEING_MS = 1_500;
    /** What a process prints when it knows of a leader, so that it is in line, or will soon be. */
    static final String WAITING = "waiting";

    private Sigterm() {}

    /** Runs the parent, or with {@code child} as first argument one of its processes. */
    public static void main(String[] arguments) throws Exception {
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals("child")) {
            if (arguments[1].equals("latch")) {
                latch(arguments[2], out);
            } else {
                services(arguments[2], out);
            }
            return;
        }
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        if (arguments.length > 1) {
            run(arguments[1], rounds, out);
        } else {
            try (TestingServer server = new TestingServer(true)) {
                run(server.getConnectString(), rounds, out);
            }
        }
    }

    // ---- one process

    private static void services(String servers, PrintWriter out) throws InterruptedException {
        services(Map.of("high-availability.mode", "zookeeper", "high-availability.zookeeper.quorum", servers), out);
    }

    /** Contends until it is told to end, and prints when it was granted. */
    static void services(Map<String, String> configuration, PrintWriter out) throws InterruptedException {
        Map<String, String> all = new HashMap<>(configuration);
        all.put("high-availability.cluster-id", "sigterm");
        HighAvailabilityServices services = HighAvailability.builder()
                .configuration(all)
                .closeOnJvmShutdown()
                .build();
        services.leaderElection("sigterm").start(new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                out.println(System.nanoTime());
                CompletionStage<Void> unused = leadership.confirm("leader");
            }

            @Override
            public void revokeLeadership(Leadership leadership) {}

            @Override
            public void handleError(HighAvailabilityException error) {
                throw new IllegalStateException(error);
            }
        });
        LeaderRetrievalService leader = services.leaderRetrieval("sigterm");
        leader.start(information -> {});
        CompletionStage<Void> unused = leader.leader().thenAccept(known -> out.println(WAITING));
        services.awaitClosed();
    }

    private static void latch(String servers, PrintWriter out) throws Exception {
        CuratorFramework client = CuratorFrameworkFactory.newClient(servers, new ExponentialBackoffRetry(100, 3));
        client.start();
        LeaderLatch latch = new LeaderLatch(client, "/sigterm");
        latch.addListener(new LeaderLatchListener() {
            @Override
            public void isLeader() {
                out.println(System.nanoTime());
            }

            @Override
            public void notLeader() {}
        });
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try (client;
                                    latch) {
                                // Closing is all.
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        },
                        "close"));
        latch.start();
        out.println(WAITING);
        new CountDownLatch(1).await();
    }

    // ---- all together

    private static void run(String servers, int rounds, PrintWriter out) throws Exception {
        measure(
                List.of(
                        new Pair("ha-zookeeper", Sigterm.class, "ha", servers),
                        new Pair("Curator LeaderLatch", Sigterm.class, "latch", servers)),
                rounds,
                out);
    }

    /** Each in turn; a table. */
    static void measure(List<Pair> pairs, int rounds, PrintWriter out) throws Exception {
        long[][] times = new long[pairs.size()][rounds];
        try {
            for (Pair pair : pairs) {
                pair.begin();
            }
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < pairs.size(); i++) {
                    times[i][round] = pairs.get(i).handover();
                }
            }
        } finally {
            pairs.forEach(Pair::end);
        }
        Arrays.stream(times).forEach(Arrays::sort);
        out.printf("%-24s %10s %10s %10s%n", "SIGTERM to grant", "median ms", "90 % ms", "worst ms");
        for (int i = 0; i < pairs.size(); i++) {
            out.printf(
                    "%-24s %10.2f %10.2f %10.2f%n",
                    pairs.get(i).name,
                    times[i][rounds / 2] / 1e6,
                    times[i][rounds * 9 / 10] / 1e6,
                    times[i][rounds - 1] / 1e6);
        }
    }

    /** The leading process and the waiting one. */
    static final class Pair {
        final String name;
        private final Class<?> program;
        private final String kind;
        private final String servers;
        private final List<Child> children = new ArrayList<>();

        /** {@code program} with the arguments {@code child}, {@code kind} and {@code servers} is one process. */
        Pair(String name, Class<?> program, String kind, String servers) {
            this.name = name;
            this.program = program;
            this.kind = kind;
            this.servers = servers;
        }

        void begin() throws Exception {
            start().granted();
            start();
        }

        /** All processes are on one machine, whose monotonic clock they share. */
        long handover() throws Exception {
            Child waiting = children.get(1);
            waiting.awaitWaiting();
            TimeUnit.MILLISECONDS.sleep(QUEUEING_MS);
            Process leaving = children.remove(0).process;
            long began = System.nanoTime();
            leaving.destroy();
            long took = waiting.granted() - began;
            leaving.waitFor();
            start();
            return took;
        }

        private Child start() throws IOException {
            Child child = new Child(Children.start(program, kind, servers));
            children.add(child);
            return child;
        }

        /** Not by force, so that the next run need not wait for their sessions; and before the server ends, without which some would try to release for minutes. */
        void end() {
            List<Process> processes =
                    children.stream().map(child -> child.process).toList();
            processes.forEach(Process::destroy);
            processes.forEach(process -> process.onExit()
                    .completeOnTimeout(process, 10, TimeUnit.SECONDS)
                    .join());
            processes.forEach(Process::destroyForcibly);
        }
    }

    /** One process, and what it prints. */
    private static final class Child {
        final Process process;
        private final BufferedReader lines;

        Child(Process process) {
            this.process = process;
            this.lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        void awaitWaiting() throws IOException {
            if (!next().equals(WAITING)) {
                throw new IllegalStateException("a process led before the other one was told to end");
            }
        }

        /** When it was. */
        long granted() throws IOException {
            String line = next();
            return line.equals(WAITING) ? granted() : Long.parseLong(line);
        }

        private String next() throws IOException {
            String line = lines.readLine();
            if (line == null) {
                throw new IllegalStateException("a process ended before it led");
            }
            return line;
        }
    }
}
