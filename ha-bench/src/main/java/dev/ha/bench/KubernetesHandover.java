package dev.ha.bench;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * How long a handover in one JVM takes on Kubernetes, as {@link Handover} measures it on ZooKeeper. Arguments: rounds (300), then a kubeconfig (one of the test
 * servers without it).
 */
public final class KubernetesHandover {
    private KubernetesHandover() {}

    /** Runs all contests and prints a table. */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 1) {
            run(Path.of(arguments[1]), rounds, out);
        } else {
            try (KubernetesProcess server = KubernetesProcess.launch()) {
                run(server.kubeconfig(), rounds, out);
            }
        }
        System.exit(0); // Fabric8's client leaves threads behind
    }

    private static void run(Path kubeconfig, int rounds, PrintWriter out) throws Exception {
        Handover.measure(
                List.of(
                        new KubernetesFloor(kubeconfig),
                        new HaContest("ha-kubernetes", configuration(kubeconfig)),
                        new Fabric8Contest(kubeconfig)),
                rounds,
                out);
    }

    /** This library with the timings of the other one. */
    static Map<String, String> configuration(Path kubeconfig) {
        return Map.of(
                "high-availability.mode",
                "kubernetes",
                "high-availability.kubernetes.kubeconfig",
                kubeconfig.toString(),
                "high-availability.kubernetes.leader-election.lease-duration",
                show(Fabric8Contest.LEASE),
                "high-availability.kubernetes.leader-election.renew-deadline",
                show(Fabric8Contest.DEADLINE),
                "high-availability.kubernetes.leader-election.retry-period",
                show(Fabric8Contest.RETRY));
    }

    private static String show(Duration duration) {
        return duration.toSeconds() + " s";
    }
}
