package dev.ha.kubernetes;

import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.util.Collection;

/** Mode {@code kubernetes}: any server with coordination.k8s.io/v1, which is 1.14 and later. */
public final class KubernetesBackendFactory implements HighAvailabilityBackendFactory {
    /** For {@link java.util.ServiceLoader}. */
    public KubernetesBackendFactory() {}

    @Override
    public String mode() {
        return KubernetesOptions.MODE;
    }

    @Override
    public Collection<Option<?>> options() {
        return KubernetesOptions.ALL;
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        return new KubernetesBackend(Settings.of(context), context);
    }
}
