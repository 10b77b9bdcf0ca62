package dev.ha.standalone;

import dev.ha.tck.BackendContract;
import dev.ha.tck.Capability;
import dev.ha.tck.Fault;
import dev.ha.tck.HighAvailabilityFixture;
import dev.ha.tck.RawElection;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

class NoneTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() {
        return new NoneFixture();
    }

    private static final class NoneFixture implements HighAvailabilityFixture {
        @Override
        public Set<Capability> capabilities() {
            return Set.of();
        }

        @Override
        public Map<String, String> configuration(List<InetSocketAddress> servers, Duration lease) {
            return Map.of("high-availability.mode", "none");
        }

        @Override
        public RawElection raw(String clusterId, String election) {
            return RawElection.NOTHING;
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
