package dev.ha.etcd;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;

/** All rules on a server of Debian bookworm, which is too old to keep one of them (SAFETY E2). */
@Tag("once")
class OldServerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return new EtcdFixture(
                EtcdServers.start(EtcdServers.OLD, 1, List.of()),
                Map.of("1.3", "etcd before 3.4.31 may revoke a lease that was renewed when it changes its leader"));
    }
}
