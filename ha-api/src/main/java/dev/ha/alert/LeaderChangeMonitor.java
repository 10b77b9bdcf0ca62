package dev.ha.alert;

import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElectionService;
import dev.ha.LeaderRetrievalService;
import dev.ha.core.alert.ChangeMonitor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Watches who leads, and tells sinks when that really changed (rules 10.1 to 10.7). Thread-safe. Implemented by the
 * library only; may gain methods.
 *
 * <pre>{@code
 * LeaderChangeMonitor monitor = LeaderChangeMonitor.of(ha, "reports")
 *         .sink("log", AlertSink.slf4j())
 *         .sink("chat", Webhook.to(url).template(text).build())
 *         .start();
 * }</pre>
 *
 * <p>It follows the election by a follower of its own, and so knows what a follower knows: a change that took place while
 * the backend could not be reached is told when it can be reached again, by its larger token; of several only the last.
 */
public interface LeaderChangeMonitor extends AutoCloseable {
    /** What has become of the alerts for each sink, in the order in which the sinks were given. */
    List<Deliveries> deliveries();

    /**
     * Follows no longer, delivers what is queued as long as {@link DeliveryPolicy#closeTimeout()} allows, then interrupts
     * the sinks and counts the rest as dropped. No {@link AlertSink#deliver} starts after it has returned. Idempotent.
     * Called inside a sink it does not wait for that one. To be closed before the services that it watches: closing
     * those only ends what it is told.
     */
    @Override
    void close();

    /**
     * What has become of the alerts for one sink.
     *
     * @param sink its name
     * @param delivered that the sink took
     * @param failed that were given up, as the sink refused them or for too long could not take them
     * @param dropped for which there was no room, or no time left when the monitor was closed
     * @param waiting that are queued or just being delivered
     */
    record Deliveries(String sink, long delivered, long failed, long dropped, int waiting) {}

    /** A monitor for the component {@code "leader"} of an election. */
    static Builder of(HighAvailabilityServices services, String election) {
        return of(services, election, LeaderElectionService.LEADER);
    }

    /** A monitor for one component of an election. */
    static Builder of(HighAvailabilityServices services, String election, String component) {
        return new Builder(services.leaderRetrieval(election, component), election, component);
    }

    /**
     * A monitor on a follower that has not been started; it belongs to the monitor from then on.
     *
     * @param election for the alerts
     * @param component for the alerts
     */
    static Builder on(LeaderRetrievalService follower, String election, String component) {
        return new Builder(follower, election, component);
    }

    /** Collects what {@link #start()} needs. Not thread-safe; to be started once. */
    final class Builder {
        private final LeaderRetrievalService follower;
        private final String election;
        private final String component;
        private final List<ChangeMonitor.Target> targets = new ArrayList<>();
        private AlertPolicy policy = AlertPolicy.DEFAULT;
        private DeliveryPolicy delivery = DeliveryPolicy.DEFAULT;

        private Builder(LeaderRetrievalService follower, String election, String component) {
            this.follower = follower;
            this.election = election;
            this.component = component;
        }

        /** Which changes alert, and when. Default: {@link AlertPolicy#DEFAULT}. */
        public Builder policy(AlertPolicy policy) {
            this.policy = policy;
            return this;
        }

        /** How alerts get to the sinks. Default: {@link DeliveryPolicy#DEFAULT}. */
        public Builder delivery(DeliveryPolicy delivery) {
            this.delivery = delivery;
            return this;
        }

        /**
         * One more sink, for the types of the policy.
         *
         * @param name in logs, counts and the name of its thread; never a secret
         */
        public Builder sink(String name, AlertSink sink) {
            targets.add(new ChangeMonitor.Target(name, sink, null));
            return this;
        }

        /** One more sink, for types of its own. */
        public Builder sink(String name, AlertSink sink, Set<LeaderChange.Type> types) {
            targets.add(new ChangeMonitor.Target(name, sink, Set.copyOf(types)));
            return this;
        }

        /**
         * Watches from now on; the grace time for the first leader begins here. Returns at once.
         *
         * @throws IllegalStateException if the follower has been started or closed already
         */
        public LeaderChangeMonitor start() {
            return ChangeMonitor.start(follower, election, component, policy, delivery, targets);
        }
    }
}
