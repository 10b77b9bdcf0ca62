package dev.ha.zookeeper;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import org.junit.jupiter.api.Tag;

/** All rules on an ensemble of three, in processes of their own. */
@Tag("once")
class EnsembleTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return ZooKeeperFixture.of(ServerProcesses.start(3));
    }
}
