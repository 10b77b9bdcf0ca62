package dev.ha.zookeeper;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;

/** All rules on an ensemble of three, in processes of their own. */
class EnsembleTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return ZooKeeperFixture.of(ServerProcesses.start(3));
    }
}
