package dev.ha.bench;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.curator.test.TestingServer;

/**
 * How long a handover in one JVM takes, beside Curator's recipes and the floor. The contests take turns, so that whatever else the machine does hits all of
 * them. Arguments: rounds (300), then the servers (a server in this JVM without them).
 */
public final class Handover {
    private static final int WARM_UP = 200;

    private Handover() {}

    /** Runs all contests and prints a table. */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 1) {
            run(arguments[1], rounds, out);
        } else {
            try (TestingServer server = new TestingServer(true)) {
                run(server.getConnectString(), rounds, out);
            }
        }
        System.exit(0); // LeaderSelector leaves threads behind
    }

    private static void run(String servers, int rounds, PrintWriter out) throws Exception {
        measure(
                List.of(
                        new RawFloor(servers),
                        new HaContest(
                                "ha-zookeeper",
                                Map.of(
                                        "high-availability.mode",
                                        "zookeeper",
                                        "high-availability.zookeeper.quorum",
                                        servers)),
                        new LatchContest(servers),
                        new SelectorContest(servers)),
                rounds,
                out);
    }

    /** All of them in turns; a table with the first one as the floor. */
    static void measure(List<Contest> contests, int rounds, PrintWriter out) throws Exception {
        List<LongStream.Builder> times = new ArrayList<>();
        for (Contest contest : contests) {
            contest.begin();
            times.add(LongStream.builder());
        }
        for (int round = -WARM_UP; round < rounds; round++) {
            for (int i = 0; i < contests.size(); i++) {
                if (round % contests.get(i).every() != 0) {
                    continue;
                }
                long took = contests.get(i).handover();
                if (round >= 0) {
                    times.get(i).add(took);
                }
                TimeUnit.MILLISECONDS.sleep(5); // the one who left is back in the queue
            }
        }
        report(
                contests,
                times.stream().map(each -> each.build().sorted().toArray()).toList(),
                out);
        for (Contest contest : contests) {
            contest.close();
        }
    }

    private static void report(List<Contest> contests, List<long[]> times, PrintWriter out) {
        double floor = at(times.get(0), 0.5);
        out.printf("%-24s %8s %10s %10s %10s %12s%n", "", "rounds", "median ms", "90 % ms", "99 % ms", "x raw floor");
        for (int i = 0; i < contests.size(); i++) {
            long[] sorted = times.get(i);
            out.printf(
                    "%-24s %8d %10.3f %10.3f %10.3f %12.2f%n",
                    contests.get(i).name(),
                    sorted.length,
                    at(sorted, 0.5),
                    at(sorted, 0.9),
                    at(sorted, 0.99),
                    at(sorted, 0.5) / floor);
        }
    }

    private static double at(long[] sorted, double share) {
        return sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e6;
    }
}
