package dev.ha.etcd;

import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.util.Collection;

/** Mode {@code etcd}. Needs servers of version 3.4.31, 3.5.13 or later to keep rule 1.3. */
public final class EtcdBackendFactory implements HighAvailabilityBackendFactory {
    /** For {@link java.util.ServiceLoader}. */
    public EtcdBackendFactory() {}

    @Override
    public String mode() {
        return EtcdOptions.MODE;
    }

    @Override
    public Collection<Option<?>> options() {
        return EtcdOptions.ALL;
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        return new EtcdBackend(Settings.of(context), context);
    }
}
