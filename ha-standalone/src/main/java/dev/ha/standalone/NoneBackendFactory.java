package dev.ha.standalone;

import dev.ha.LeaderElectionService;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Grant;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Option;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Mode {@code none}: no election at all. Every process leads at once, with the all-zero session id and token 1, as 0 stands for a lock that nobody holds; followers are told fixed addresses from the
 * configuration. For tests and for programs that run once.
 *
 * <p>A configured address wins over whatever is confirmed. Without one, followers are told what a contender of the same services has confirmed, and nobody until
 * then: a made-up address, as in Flink ("UNKNOWN"), could only be connected to in vain. Entries live as long as the services.
 */
public final class NoneBackendFactory implements HighAvailabilityBackendFactory {
    private static final Option<Map<String, String>> ADDRESS = Option.map(
                    "address.*",
                    "Address that followers of an election are told: address.<election> for its component leader,"
                            + " address.<election>/<component> for another.")
            .orElse(Map.of());

    private static final UUID NO_SESSION = new UUID(0, 0);
    private static final long TOKEN = 1;
    private static final String HISTORY_ID = "none";

    /** For {@link java.util.ServiceLoader}. */
    public NoneBackendFactory() {}

    @Override
    public String mode() {
        return "none";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of(ADDRESS);
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        MemoryCluster cluster = new MemoryCluster(HISTORY_ID);
        Map<String, String> addresses = context.get(ADDRESS);
        return new MemoryBackend(new MemoryRules() {
            @Override
            public MemoryCluster cluster() {
                return cluster;
            }

            @Override
            public Grant nextGrant() {
                return new Grant(NO_SESSION, TOKEN, HISTORY_ID, context.unlimitedLease());
            }

            @Override
            public Map<String, LeaderRecord> fixedRecords(String election) {
                return configured(addresses, election);
            }
        });
    }

    /** An election {@code a/b} and a component {@code b} of an election {@code a} share a key: each is told its address. */
    private static Map<String, LeaderRecord> configured(Map<String, String> addresses, String election) {
        Map<String, LeaderRecord> records = new HashMap<>();
        addresses.forEach((name, address) -> {
            LeaderRecord leader = new LeaderRecord(NO_SESSION, TOKEN, address);
            if (name.equals(election)) {
                records.put(LeaderElectionService.LEADER, leader);
            } else if (name.startsWith(election + "/")) {
                records.put(name.substring(election.length() + 1), leader);
            }
        });
        return records;
    }
}
