package dev.ha.tck;

import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Mode {@code reference}: a correct backend for the tests of the TCK. Wrong ones extend it and are named by their class. */
public class ReferenceBackendFactory implements HighAvailabilityBackendFactory {
    private static final Option<Integer> PORT = Option.integer("port", "Where the server listens on the loopback.");
    private static final Option<Duration> LEASE =
            Option.duration("lease-duration", "How long a leader may go unheard.");

    static final Option<Optional<String>> PASSWORD = Option.text(
                    "password", "Asked by nobody; there to be kept secret.")
            .secret()
            .optional();

    @Override
    public String mode() {
        return "reference";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of(PORT, LEASE, PASSWORD);
    }

    @Override
    public final HighAvailabilityBackend create(BackendContext context) {
        return backend(
                context,
                new InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), context.get(PORT)),
                context.get(LEASE));
    }

    ReferenceBackend backend(BackendContext context, InetSocketAddress server, Duration lease) {
        return new ReferenceBackend(context, server, lease);
    }
}
