package dev.ha.tck;

import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Mode {@code reference}: a correct backend for the tests of the TCK. Wrong ones extend it and are named by their class. */
public class ReferenceBackendFactory implements HighAvailabilityBackendFactory {
    private static final Option<List<String>> PORTS =
            Option.texts("ports", "Where the servers listen on the loopback.");
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
        return List.of(PORTS, LEASE, PASSWORD);
    }

    @Override
    public final HighAvailabilityBackend create(BackendContext context) {
        return backend(
                context,
                context.get(PORTS).stream()
                        .map(port -> new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)))
                        .toList(),
                context.get(LEASE));
    }

    ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
        return new ReferenceBackend(context, servers, lease);
    }
}
