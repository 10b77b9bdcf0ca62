package dev.ha.etcd;

import dev.ha.tck.BackendContract;
import dev.ha.tck.HighAvailabilityFixture;
import java.util.Map;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** All rules on one server in a container, through Testcontainers; only with {@code -Dha.test.docker}, as {@code bin/verify --docker} runs it. */
@EnabledIfSystemProperty(
        named = "ha.test.docker",
        matches = ".*",
        disabledReason = "needs a Docker engine and an image: bin/verify --docker")
class ContainerTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws Exception {
        return new EtcdFixture(EtcdContainer.create(), Map.of());
    }
}
