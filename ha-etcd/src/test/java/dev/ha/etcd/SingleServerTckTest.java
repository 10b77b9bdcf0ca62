package dev.ha.etcd;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import java.util.Map;
import org.junit.jupiter.api.Tag;

/** All rules on one server, or on those whose address is given. On the building JDK those on a cluster of the same version run. */
@Tag("newest")
class SingleServerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return new EtcdFixture(TestedServers.find(), Map.of());
    }
}
