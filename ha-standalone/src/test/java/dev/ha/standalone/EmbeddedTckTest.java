package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;

import dev.ha.Reason;
import dev.ha.spi.ElectionState;
import dev.ha.store.Entry;
import dev.ha.tck.BackendContract;
import dev.ha.tck.Capability;
import dev.ha.tck.Fault;
import dev.ha.tck.HighAvailabilityFixture;
import dev.ha.tck.RawElection;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

class EmbeddedTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() {
        return new EmbeddedFixture();
    }

    /** There is no other way to what is in memory than the backend's own, and nobody but the program can do anything to it. */
    private static final class EmbeddedFixture implements HighAvailabilityFixture {
        @Override
        public Set<Capability> capabilities() {
            return Set.of(Capability.ELECTIONS, Capability.DURABLE);
        }

        @Override
        public Map<String, String> configuration(List<InetSocketAddress> servers, Duration lease) {
            return Map.of("high-availability.mode", "embedded");
        }

        @Override
        public RawElection raw(String clusterId, String election) throws Exception {
            return done(EmbeddedBackendFactory.cluster(clusterId).ask(election, EmbeddedFixture::raw));
        }

        private static RawElection raw(MemoryElection election) {
            if (election.isForgettable()) {
                return RawElection.NOTHING;
            }
            ElectionState state = election.state(Reason.INITIAL);
            Map<String, String> entries = new HashMap<>();
            for (String name : election.entryNames("")) {
                Entry entry = election.entry(name).orElseThrow();
                entries.put(name, new String(entry.value(), StandardCharsets.UTF_8));
            }
            return new RawElection(
                    state.historyId(), state.holderToken(), state.records(), entries, OptionalLong.empty());
        }

        @Override
        public Set<Fault> faults() {
            return Set.of();
        }

        @Override
        public void inject(Fault fault, String clusterId, String election) {
            throw new IllegalArgumentException("no " + fault + " in memory");
        }
    }
}
