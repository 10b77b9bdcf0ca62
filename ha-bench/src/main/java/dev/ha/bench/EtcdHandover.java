package dev.ha.bench;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * How long a handover in one JVM takes on etcd, beside jetcd's Election and the floor, as {@link Handover} does on ZooKeeper. Arguments: rounds (300), then the
 * address of a server (one of the test servers without it).
 */
public final class EtcdHandover {
    private EtcdHandover() {}

    /** Runs all contests and prints a table. */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 1) {
            run("http://" + arguments[1], rounds, out);
        } else {
            try (EtcdProcess server = EtcdProcess.start()) {
                run(server.endpoint(), rounds, out);
            }
        }
        System.exit(0); // jetcd leaves threads behind
    }

    private static void run(String endpoint, int rounds, PrintWriter out) throws Exception {
        Handover.measure(
                List.of(
                        new EtcdFloor(endpoint),
                        new HaContest(
                                "ha-etcd",
                                Map.of("high-availability.mode", "etcd", "high-availability.etcd.endpoints", endpoint)),
                        new JetcdElectionContest(endpoint)),
                rounds,
                out);
    }
}
