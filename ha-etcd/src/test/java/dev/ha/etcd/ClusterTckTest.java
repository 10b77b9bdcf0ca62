package dev.ha.etcd;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import java.util.Map;
import org.junit.jupiter.api.Tag;

/** All rules on a cluster of three. */
@Tag("once")
class ClusterTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return new EtcdFixture(EtcdServers.start(3), Map.of());
    }
}
