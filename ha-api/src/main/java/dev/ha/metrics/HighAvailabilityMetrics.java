package dev.ha.metrics;

import dev.ha.HighAvailabilityServices;
import dev.ha.Observation;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.List;

/**
 * Binds the {@linkplain HighAvailabilityMeter metrics} of services to a registry:
 *
 * <pre>{@code
 * var metrics = new HighAvailabilityMetrics(services);
 * metrics.bindTo(registry);
 * }</pre>
 *
 * <p>Counters and timers begin with the binding, so bind before anything is started. Gauges ask the services when they
 * are read, and never block. A slow registry delays nobody; what it misses is counted. Thread-safe.
 */
@SuppressWarnings("exports") // who uses it requires Micrometer too
public final class HighAvailabilityMetrics implements MeterBinder, AutoCloseable {
    private record Binding(Observation observation, Meters meters) {
        void end() {
            observation.close();
            meters.remove();
        }
    }

    private final HighAvailabilityServices services;
    private final Tags tags;
    private final List<Binding> bindings = new ArrayList<>();
    private boolean closed;

    /** Without further tags. */
    public HighAvailabilityMetrics(HighAvailabilityServices services) {
        this(services, Tags.empty());
    }

    /**
     * Every meter has {@code tags} too. Services that share a registry and the name of an election need different ones:
     * a registry has each meter once.
     */
    public HighAvailabilityMetrics(HighAvailabilityServices services, Iterable<Tag> tags) {
        this.services = services;
        this.tags = Tags.of(tags);
    }

    /**
     * Registers all meters with {@code registry}, to be kept up to date until {@link #close()}. Once per registry.
     *
     * @throws IllegalStateException when this or the services are closed
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        Meters meters = new Meters(services, registry, tags);
        Binding binding;
        try {
            binding = new Binding(services.observe(meters), meters);
        } catch (IllegalStateException servicesClosed) {
            meters.remove();
            throw servicesClosed;
        }
        synchronized (this) {
            if (!closed) {
                bindings.add(binding);
                return;
            }
        }
        binding.end();
        throw new IllegalStateException("these metrics are closed");
    }

    /** Removes all of it from the registries. The services are left as they are. Idempotent. */
    @Override
    public void close() {
        List<Binding> ended;
        synchronized (this) {
            closed = true;
            ended = List.copyOf(bindings);
            bindings.clear();
        }
        ended.forEach(Binding::end);
    }
}
