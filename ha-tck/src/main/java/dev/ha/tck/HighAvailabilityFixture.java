package dev.ha.tck;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElectionService;
import dev.ha.LeaderRetrievalService;
import dev.ha.alert.AlertPolicy;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChangeMonitor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * All that the TCK needs to know of one backend, and to do to it. Implemented by authors of backends, once per backend; see
 * {@code docs/writing-a-backend.md}.
 *
 * <p>One fixture serves all tests of a {@link BackendContract}, one after the other; each test works in a cluster id of its own. It must look at the store
 * and act on it <em>without the backend's own code</em>, so that a backend can't grade itself. Its methods may block.
 */
public interface HighAvailabilityFixture extends AutoCloseable {
    /** What the backend is able to do by its nature. A test that needs more aborts and says so in the conformance table. */
    Set<Capability> capabilities();

    /**
     * Settings of one process: {@code high-availability.mode} and the backend's own keys. The TCK adds the engine's keys, such as
     * {@code high-availability.cluster-id}.
     *
     * @param servers where the servers are reached: {@link #servers()}, or proxies of the TCK in the same order; or only some of them, and then the process
     *     must not find the others
     * @param lease how long a leader may go unheard; to be ignored without {@link Capability#LEASES}
     */
    Map<String, String> configuration(List<InetSocketAddress> servers, Duration lease);

    /** The servers that a client may talk to; empty for a backend without servers. */
    default List<InetSocketAddress> servers() {
        return List.of();
    }

    /**
     * The processes of {@link #servers()}, in the same order, for the TCK to do harm to (rule 9.3). Empty if they are none of their own, or not on this machine.
     */
    default List<ServerProcess> serverProcesses() {
        return List.of();
    }

    /** The network between {@link #serverProcesses()} (rule 9.6); empty if there is only one server, or if they can't be cut off from each other. */
    default Optional<ServerNetwork> serverNetwork() {
        return Optional.empty();
    }

    /** The data of {@link #serverProcesses()} (rule 9.9); empty if they can't be put back. */
    default Optional<ServerData> serverData() {
        return Optional.empty();
    }

    /**
     * The shortest lease that the backend keeps reliably on a busy test machine. Tests that wait for an expiry use it; those that must not meet one use a
     * much longer one. Means nothing without {@link Capability#LEASES}.
     */
    default Duration shortestLease() {
        return Duration.ofSeconds(5);
    }

    /**
     * A delay of all answers under which a leadership of {@link #shortestLease()} can be kept: less than what the backend's protocol leaves of a lease when a
     * renewal is answered. Not asked without {@link Capability#LEASES}.
     */
    default Duration bearableDelay() {
        return shortestLease().multipliedBy(2).dividedBy(5);
    }

    /** What the store holds for one election right now, read from the authority itself; {@link RawElection#NOTHING} for one it has never heard of. */
    RawElection raw(String clusterId, String election) throws Exception;

    /** The faults that {@link #inject} knows. */
    Set<Fault> faults();

    /**
     * Does {@code fault} to the present holder of an election, found in the store. Returns when it is done there; whether anybody has noticed is what
     * the test is about.
     *
     * @throws IllegalStateException if nobody holds the lock
     */
    void inject(Fault fault, String clusterId, String election) throws Exception;

    /**
     * Rules whose assumptions the tested server does not meet, such as an old version, with the reason. They stand in the conformance table as "assumption not
     * met", neither passed nor failed.
     */
    default Map<String, String> assumptionsNotMet() {
        return Map.of();
    }

    /** The services under test. Override only to wrap them, which the TCK's own tests do to prove that it notices wrong ones. */
    default HighAvailabilityServices services(HighAvailability.Builder builder) {
        return builder.build();
    }

    /**
     * A started monitor on a follower of an election that tells every change. Override only to give a wrong one, which the TCK's own tests do.
     */
    default AutoCloseable monitor(LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return rightMonitor(follower, grace, alerts);
    }

    /** What {@link #monitor} gives unless overridden. */
    static AutoCloseable rightMonitor(LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
        return LeaderChangeMonitor.on(follower, Scenario.ELECTION, LeaderElectionService.LEADER)
                .policy(new AlertPolicy(EnumSet.allOf(LeaderChange.Type.class), grace))
                .sink("tck", alerts::accept)
                .start();
    }

    /** Called once, after the last test. */
    @Override
    default void close() throws IOException {}
}
