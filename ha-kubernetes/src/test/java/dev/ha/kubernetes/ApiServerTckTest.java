package dev.ha.kubernetes;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;

/** All rules on an API server, with the documented Role and no right more. */
class ApiServerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return new KubeFixture(TestedCluster.find());
    }
}
