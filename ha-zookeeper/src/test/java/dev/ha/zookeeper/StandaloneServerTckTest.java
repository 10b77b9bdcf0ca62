package dev.ha.zookeeper;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;

/** All rules on one server. */
class StandaloneServerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        InJvmServers servers = InJvmServers.start(1);
        return new ZooKeeperFixture(servers.addresses(), servers);
    }
}
