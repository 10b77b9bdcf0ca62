package dev.ha.zookeeper;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import org.junit.jupiter.api.Tag;

/** All rules on one server. On the building JDK those on an ensemble of the same version run. */
@Tag("newest")
class StandaloneServerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        InJvmServers servers = InJvmServers.start(1);
        return new ZooKeeperFixture(servers.addresses(), servers);
    }
}
