package dev.ha.zookeeper;

import dev.ha.spi.LeaderElectionDriver;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.Waiting;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A backend without an engine: nothing is closed twice, retried or given up but by the test. */
final class Direct implements AutoCloseable {
    private static final String PREFIX = "high-availability.zookeeper.";

    final TestContext context;
    final ZooKeeperBackend backend;

    Direct(String servers, String cluster, Map<String, String> more) {
        this(servers, cluster, more, Sessions.LIMIT);
    }

    /** {@code limit} is how many bytes of ephemeral paths a session may have. */
    Direct(String servers, String cluster, Map<String, String> more, int limit) {
        this.context = new TestContext(PREFIX, cluster, configuration(servers, more));
        this.backend = new ZooKeeperBackend(Settings.of(context), context, limit);
    }

    private static Map<String, String> configuration(String servers, Map<String, String> more) {
        Map<String, String> configuration = new HashMap<>(more);
        configuration.putIfAbsent("quorum", servers);
        return configuration.entrySet().stream()
                .collect(Collectors.toMap(entry -> PREFIX + entry.getKey(), Map.Entry::getValue));
    }

    /** A candidacy and its driver. */
    record Elected(TestCandidacy candidacy, LeaderElectionDriver driver) {
        /** As soon as it leads. */
        void leave() throws Exception {
            candidacy.granted();
            close();
        }

        void close() throws Exception {
            driver.close().toCompletableFuture().get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
        }
    }

    Elected elect(String election) {
        TestCandidacy candidacy = new TestCandidacy(election);
        return new Elected(candidacy, backend.elect(candidacy));
    }

    @Override
    public void close() {
        backend.close()
                .toCompletableFuture()
                .orTimeout(Waiting.patience().toSeconds(), TimeUnit.SECONDS)
                .join();
        context.close();
    }
}
