package dev.ha.etcd;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import java.util.Map;

/** All rules on one server, or on those whose address is given. */
class SingleServerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return new EtcdFixture(TestedServers.find(), Map.of());
    }
}
