package dev.ha.zookeeper;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;

/** All rules on an ensemble of three. */
class EnsembleTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        InJvmServers servers = InJvmServers.start(3);
        return new ZooKeeperFixture(servers.addresses(), servers);
    }
}
