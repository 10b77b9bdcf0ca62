package dev.ha.bench;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.election.CampaignResponse;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * How long after SIGTERM of the leading process a waiting one leads on etcd, as {@link Sigterm} measures it on ZooKeeper, beside jetcd's Election, resigned by a
 * shutdown hook. Arguments: rounds (20), then the address of a server (one of the test servers without it).
 */
public final class EtcdSigterm {
    private static final ByteSequence NAME = ByteSequence.from("/jetcd-sigterm", StandardCharsets.UTF_8);

    private EtcdSigterm() {}

    /** Runs the parent, or with {@code child} as first argument one of its processes. */
    public static void main(String[] arguments) throws Exception {
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals("child")) {
            if (arguments[1].equals("jetcd")) {
                jetcd(arguments[2], out);
            } else {
                services(arguments[2], out);
            }
            return;
        }
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        if (arguments.length > 1) {
            run("http://" + arguments[1], rounds, out);
        } else {
            try (EtcdProcess server = EtcdProcess.start()) {
                run(server.endpoint(), rounds, out);
            }
        }
    }

    private static void run(String endpoint, int rounds, PrintWriter out) throws Exception {
        Sigterm.measure(
                List.of(
                        new Sigterm.Pair("ha-etcd", EtcdSigterm.class, "ha", endpoint),
                        new Sigterm.Pair("jetcd Election", EtcdSigterm.class, "jetcd", endpoint)),
                rounds,
                out);
    }

    private static void services(String endpoint, PrintWriter out) throws InterruptedException {
        Sigterm.services(Map.of("high-availability.mode", "etcd", "high-availability.etcd.endpoints", endpoint), out);
    }

    private static void jetcd(String endpoint, PrintWriter out) throws Exception {
        Client client = Client.builder().endpoints(endpoint).build();
        long lease = client.getLeaseClient().grant(10).get().getID();
        client.getLeaseClient().keepAlive(lease, KeptAlive.QUIETLY);
        out.println(Sigterm.WAITING);
        CampaignResponse won =
                client.getElectionClient().campaign(NAME, lease, NAME).get();
        out.println(System.nanoTime());
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                client.getElectionClient()
                                        .resign(won.getLeader())
                                        .get(5, TimeUnit.SECONDS);
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                        },
                        "resign"));
        new CountDownLatch(1).await();
    }
}
