package dev.ha.standalone;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Grant;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Option;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Mode {@code embedded}: a real election among all services of this JVM that have one {@code cluster-id}, in the order in which they came. For tests, and for
 * programs whose parts compete with one another.
 *
 * <p>Tokens rise from grant to grant, also after everybody has left. Entries live until the JVM ends. This class as loaded by two class loaders is two
 * worlds that don't see each other; mode {@code file} is one.
 */
public final class EmbeddedBackendFactory implements HighAvailabilityBackendFactory {
    private static final String HISTORY_ID = UUID.randomUUID().toString();
    private static final Map<String, MemoryCluster> CLUSTERS = new ConcurrentHashMap<>();

    /** For {@link java.util.ServiceLoader}. */
    public EmbeddedBackendFactory() {}

    @Override
    public String mode() {
        return "embedded";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of();
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        MemoryCluster cluster = cluster(context.clusterId());
        return new MemoryBackend(new MemoryRules() {
            @Override
            public MemoryCluster cluster() {
                return cluster;
            }

            @Override
            public Grant nextGrant() {
                return Grant.of(MemoryCluster.next(context.wallTime()), HISTORY_ID, context.unlimitedLease());
            }

            @Override
            public Map<String, LeaderRecord> fixedRecords(String election) {
                return Map.of();
            }
        });
    }

    static MemoryCluster cluster(String clusterId) {
        return CLUSTERS.computeIfAbsent(clusterId, id -> new MemoryCluster(HISTORY_ID));
    }
}
