package dev.ha.bench;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Fabric8's LeaderElector: {@code cancel} of one, which releases, until {@code onStartLeading} of the other. It polls, and a Lease released is free after a second only, so most of the time nothing happens. */
final class Fabric8Contest extends Duel {
    static final Duration LEASE = Duration.ofSeconds(6);
    static final Duration DEADLINE = Duration.ofSeconds(4);
    static final Duration RETRY = Duration.ofSeconds(1);

    private static final int EVERY = 12;
    /** A contender waits between one and 2.2 retry periods before it looks again. */
    private static final Duration LONGEST_POLL = RETRY.multipliedBy(11).dividedBy(5);

    private final Random random = new Random(1);
    private final KubernetesClient[] clients = new KubernetesClient[2];
    private final CompletableFuture<?>[] electors = new CompletableFuture<?>[2];

    Fabric8Contest(Path kubeconfig) {
        super("Fabric8 LeaderElector");
        for (int i = 0; i < 2; i++) {
            clients[i] = client(kubeconfig);
        }
    }

    /** As their users have it. */
    static KubernetesClient client(Path kubeconfig) {
        return new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
                .build();
    }

    /** An elector that releases when the future is cancelled. */
    static CompletableFuture<?> start(
            KubernetesClient client, String lease, String identity, Runnable granted, Consumer<String> newLeader) {
        String namespace = client.getNamespace() == null ? "default" : client.getNamespace();
        return client.leaderElector()
                .withConfig(new LeaderElectionConfigBuilder()
                        .withName(lease)
                        .withLock(new LeaseLock(namespace, lease, identity))
                        .withLeaseDuration(LEASE)
                        .withRenewDeadline(DEADLINE)
                        .withRetryPeriod(RETRY)
                        .withReleaseOnCancel(true)
                        .withLeaderCallbacks(new LeaderCallbacks(granted, () -> {}, newLeader))
                        .build())
                .build()
                .start();
    }

    @Override
    public int every() {
        return EVERY;
    }

    /** The pause is for fairness: right after a handover the next one would always meet a contender that has just looked. */
    @Override
    void contend(int who) throws InterruptedException {
        electors[who] = start(clients[who], "ha-bench-fabric8", "contender-" + who, () -> granted(who), leader -> {});
        TimeUnit.MILLISECONDS.sleep(random.nextInt(Math.toIntExact(LONGEST_POLL.toMillis())));
    }

    @Override
    void letGo(int who) {
        electors[who].cancel(true);
    }

    @Override
    public void close() {
        for (int i = 0; i < 2; i++) {
            electors[i].cancel(true);
            clients[i].close();
        }
    }
}
