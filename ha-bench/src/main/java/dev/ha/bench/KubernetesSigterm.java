package dev.ha.bench;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * How long after SIGTERM of the leading process a waiting one leads on Kubernetes, as {@link Sigterm} measures it on ZooKeeper, beside Fabric8's LeaderElector,
 * cancelled by a shutdown hook. Arguments: rounds (20), then a kubeconfig (one of the test servers without it).
 */
public final class KubernetesSigterm {
    private KubernetesSigterm() {}

    /** Runs the parent, or with {@code child} as first argument one of its processes. */
    public static void main(String[] arguments) throws Exception {
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals("child")) {
            Path kubeconfig = Path.of(arguments[2]);
            if (arguments[1].equals("fabric8")) {
                fabric8(kubeconfig, out);
            } else {
                Sigterm.services(KubernetesHandover.configuration(kubeconfig), out);
            }
            return;
        }
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        if (arguments.length > 1) {
            run(arguments[1], rounds, out);
        } else {
            try (KubernetesProcess server = KubernetesProcess.launch()) {
                run(server.kubeconfig().toString(), rounds, out);
            }
        }
    }

    private static void run(String kubeconfig, int rounds, PrintWriter out) throws Exception {
        Sigterm.measure(
                List.of(
                        new Sigterm.Pair("ha-kubernetes", KubernetesSigterm.class, "ha", kubeconfig),
                        new Sigterm.Pair("Fabric8 LeaderElector", KubernetesSigterm.class, "fabric8", kubeconfig)),
                rounds,
                out);
    }

    private static void fabric8(Path kubeconfig, PrintWriter out) throws InterruptedException {
        KubernetesClient client = Fabric8Contest.client(kubeconfig);
        String identity = UUID.randomUUID().toString();
        CompletableFuture<?> elector = Fabric8Contest.start(
                client, "ha-bench-fabric8-sigterm", identity, () -> out.println(System.nanoTime()), leader -> {
                    if (!leader.equals(identity) && !leader.isEmpty()) {
                        out.println(Sigterm.WAITING);
                    }
                });
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            elector.cancel(true); // returns when it is released
                            client.close();
                        },
                        "release"));
        new CountDownLatch(1).await();
    }
}
