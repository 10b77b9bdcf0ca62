package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.util.Collection;

/** Mode {@code zookeeper}. Needs servers of version 3.6 or later. */
public final class ZooKeeperBackendFactory implements HighAvailabilityBackendFactory {
    /** For {@link java.util.ServiceLoader}. */
    public ZooKeeperBackendFactory() {}

    @Override
    public String mode() {
        return ZooKeeperOptions.MODE;
    }

    @Override
    public Collection<Option<?>> options() {
        return ZooKeeperOptions.ALL;
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        return new ZooKeeperBackend(Settings.of(context), context);
    }
}
