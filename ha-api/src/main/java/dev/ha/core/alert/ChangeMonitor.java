package dev.ha.core.alert;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.alert.AlertPolicy;
import dev.ha.alert.AlertSink;
import dev.ha.alert.DeliveryPolicy;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChangeMonitor;
import dev.ha.core.JvmPlatform;
import dev.ha.core.Platform;
import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link LeaderChanges} with a follower, a clock, a timer and sinks. What it is told and the end of the grace time meet under one lock; under it nothing is
 * called but the queues of the sinks.
 */
public final class ChangeMonitor implements LeaderChangeMonitor, LeaderRetrievalListener {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeMonitor.class);
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final LeaderRetrievalService follower;
    private final String name;
    private final Duration closeTimeout;
    private final Platform platform;
    private final List<Delivery> deliveries;

    // Guarded by this.
    private final LeaderChanges changes;
    private @Nullable Timer grace;
    private boolean closed;

    /**
     * A sink to be served.
     *
     * @param name of it
     * @param sink to be called
     * @param types that it gets; null for those of the policy
     */
    public record Target(
            String name, AlertSink sink, @Nullable Set<LeaderChange.Type> types) {}

    private ChangeMonitor(
            LeaderRetrievalService follower,
            String election,
            String component,
            AlertPolicy policy,
            DeliveryPolicy delivery,
            List<Target> targets,
            String name) {
        this.follower = follower;
        this.name = election;
        this.closeTimeout = delivery.closeTimeout();
        this.platform = new JvmPlatform(name, null);
        this.changes = new LeaderChanges(election, component, policy.grace(), platform.nanoTime());
        this.deliveries = targets.stream()
                .map(target -> new Delivery(
                        name + "-" + target.name,
                        target,
                        target.types == null ? policy.types() : target.types,
                        delivery,
                        platform))
                .toList();
    }

    /** As {@link LeaderChangeMonitor.Builder#start()}. */
    public static LeaderChangeMonitor start(
            LeaderRetrievalService follower,
            String election,
            String component,
            AlertPolicy policy,
            DeliveryPolicy delivery,
            List<Target> targets) {
        ChangeMonitor monitor = new ChangeMonitor(
                follower, election, component, policy, delivery, targets, "ha-alert-" + COUNT.incrementAndGet());
        try {
            follower.start(monitor);
        } catch (RuntimeException refused) {
            monitor.platform.close();
            throw refused;
        }
        monitor.deliveries.forEach(Delivery::start);
        synchronized (monitor) {
            monitor.pass(Optional.empty());
        }
        return monitor;
    }

    // ---- the follower and the timer

    @Override
    public synchronized void notifyLeader(LeaderInformation information) {
        if (!closed) {
            pass(changes.told(information, platform.nanoTime(), wall()));
        }
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        LOG.info("The watch of election {} is in trouble", name, error);
    }

    private synchronized void elapsed() {
        if (!closed) {
            pass(changes.elapsed(platform.nanoTime(), wall()));
        }
    }

    /** Passes on {@code change}, and waits for whatever comes next. */
    private void pass(Optional<LeaderChange> change) {
        change.ifPresent(found -> deliveries.forEach(delivery -> delivery.offer(found)));
        if (grace != null) {
            grace.close();
            grace = null;
        }
        OptionalLong deadline = changes.deadline();
        if (deadline.isPresent() && !closed) {
            long left = Math.max(0, deadline.getAsLong() - platform.nanoTime());
            grace = platform.schedule(Duration.ofNanos(left), this::elapsed);
        }
    }

    private Instant wall() {
        return Instant.ofEpochMilli(platform.wallMillis());
    }

    // ---- users

    @Override
    public List<Deliveries> deliveries() {
        return deliveries.stream().map(Delivery::count).toList();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        follower.close();
        long end = platform.nanoTime() + closeTimeout.toNanos();
        deliveries.forEach(delivery -> delivery.closeBy(end));
        deliveries.forEach(Delivery::awaitEnd);
        platform.close();
    }
}
