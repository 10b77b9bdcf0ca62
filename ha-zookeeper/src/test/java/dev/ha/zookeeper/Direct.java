package dev.ha.zookeeper;

import dev.ha.spi.LeaderElectionDriver;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A backend without an engine: nothing is closed twice, retried or given up but by the test. */
final class Direct implements AutoCloseable {
    final DirectContext context;
    final ZooKeeperBackend backend;

    Direct(String servers, String cluster, Map<String, String> more) {
        this(servers, cluster, more, Sessions.LIMIT);
    }

    /** {@code limit} is how many bytes of ephemeral paths a session may have. */
    Direct(String servers, String cluster, Map<String, String> more, int limit) {
        this.context = new DirectContext(servers, cluster, more);
        this.backend = new ZooKeeperBackend(Settings.of(context), context, limit);
    }

    /** A candidacy and its driver. */
    record Elected(DirectCandidacy candidacy, LeaderElectionDriver driver) {
        /** As soon as it leads. */
        void leave() throws Exception {
            candidacy.granted();
            close();
        }

        void close() throws Exception {
            driver.close().toCompletableFuture().get(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    Elected elect(String election) {
        DirectCandidacy candidacy = new DirectCandidacy(election);
        return new Elected(candidacy, backend.elect(candidacy));
    }

    @Override
    public void close() {
        backend.close()
                .toCompletableFuture()
                .orTimeout(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
        context.close();
    }
}
