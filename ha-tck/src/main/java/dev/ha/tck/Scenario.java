package dev.ha.tck;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElection;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** The world of one test: a cluster of its own on the fixture's backend, and all that the test has opened, closed again in reverse order. */
final class Scenario implements AutoCloseable {
    /** The election of tests that need only one. */
    static final String ELECTION = "reports";

    private final HighAvailabilityFixture fixture;
    private final Spec.Text rule;
    private final Expect expect;
    private final String clusterId = "tck-" + UUID.randomUUID();
    private final Validity validity = new Validity();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Deque<CountDownLatch> gates = new ArrayDeque<>();
    private @Nullable Handles handles;
    private @Nullable Servers servers;
    private @Nullable TemporaryDirectory storage;

    Scenario(HighAvailabilityFixture fixture, Spec.Text rule) {
        this.fixture = fixture;
        this.rule = rule;
        this.expect = new Expect(rule);
        String unmet = fixture.assumptionsNotMet().get(rule.id());
        if (unmet != null) {
            abort("assumption not met: " + unmet);
        }
    }

    // ---- what the test needs; it aborts, and says so, where the backend can't have it

    /** This backend can do all of {@code needed}. */
    void needs(Capability... needed) {
        for (Capability capability : needed) {
            if (!fixture.capabilities().contains(capability)) {
                abort("the backend has no " + capability);
            }
        }
    }

    /** The fixture can do all of {@code needed}. */
    void needs(Fault... needed) {
        for (Fault fault : needed) {
            if (!fixture.faults().contains(fault)) {
                abort("the fixture knows no " + fault);
            }
        }
    }

    /** There is a network between the backend and its clients. */
    void needsServers() {
        if (fixture.servers().isEmpty()) {
            abort("the backend has no servers, so no network can fail");
        }
    }

    /** Ends the test: neither passed nor failed. */
    void abort(String reason) {
        Assumptions.abort("rule " + rule.id() + " not tested: " + reason);
    }

    boolean can(Capability capability) {
        return fixture.capabilities().contains(capability);
    }

    // ---- the backend, past the services

    Expect expect() {
        return expect;
    }

    Validity validity() {
        return validity;
    }

    String clusterId() {
        return clusterId;
    }

    HighAvailabilityFixture fixture() {
        return fixture;
    }

    RawElection raw(String election) {
        return raw(clusterId, election);
    }

    RawElection raw(String cluster, String election) {
        try {
            return fixture.raw(cluster, election);
        } catch (Exception e) {
            throw new IllegalStateException("the fixture could not read the store", e);
        }
    }

    void inject(Fault fault, String election) {
        try {
            fixture.inject(fault, clusterId, election);
        } catch (Exception e) {
            throw new IllegalStateException("the fixture could not do " + fault, e);
        }
    }

    /** Time that the backend needs by nature, such as for a lease to be renewed under a fault. Nothing is waited for. */
    void letPass(Duration time) {
        Expect.await(time, () -> false);
    }

    // ---- what the test opens

    /** One program that uses the library, connected directly, with a lease that does not run out. */
    Node node(String name) {
        return new NodeSettings(name).open();
    }

    /** As {@link #node}, with settings of its own. */
    NodeSettings nodeWith(String name) {
        return new NodeSettings(name);
    }

    /** A contender in a process of its own, with the shortest lease. Not for wrapped services: it builds its own. */
    Child child(String name) {
        Map<String, String> settings = configuration(fixture.servers(), fixture.shortestLease());
        return opened(new Child(name, expect, validity, settings));
    }

    /** Proxies before all servers. */
    Network network() {
        return opened(new Network(fixture.servers()));
    }

    /** Proxies before these servers only. */
    Network networkTo(List<InetSocketAddress> some) {
        return opened(new Network(some));
    }

    /** The server processes, which are well again when the test is over; it aborts where there are none. */
    Servers servers() {
        if (servers == null) {
            if (fixture.serverProcesses().isEmpty()) {
                abort("the fixture has no server processes");
            }
            servers = new Servers(fixture, expect);
        }
        return servers;
    }

    /** Closed for whoever waits at it until opened, which the end of the test does at the latest. */
    Gate gate() {
        CountDownLatch latch = new CountDownLatch(1);
        gates.push(latch);
        return new Gate(latch);
    }

    /** Closes {@code closeable} at the end of the test. */
    <C extends AutoCloseable> C opened(C closeable) {
        opened.push(closeable);
        return closeable;
    }

    /** Settings of one process of this cluster. */
    Map<String, String> configuration(List<InetSocketAddress> servers, Duration lease) {
        Map<String, String> settings = new HashMap<>(fixture.configuration(servers, lease));
        settings.put("high-availability.cluster-id", clusterId);
        settings.put("high-availability.storageDir", storage().toString());
        settings.put("high-availability.resign-wait", "50 ms");
        settings.put("high-availability.retry-wait", "20 ms");
        settings.put("high-availability.max-retry-wait", "500 ms");
        return settings;
    }

    /** Where blobs are, for all processes of the test. */
    Path storage() {
        if (storage == null) {
            storage = TemporaryDirectory.create("tck-blobs");
        }
        return storage.path();
    }

    private Handles handles() {
        if (handles == null) {
            handles = opened(new Handles(validity));
        }
        return handles;
    }

    @Override
    public void close() {
        gates.forEach(CountDownLatch::countDown);
        @Nullable AssertionError failure = null;
        if (servers != null) {
            servers.repair(); // first, as whoever closes may need them
        }
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                expect.returns(
                        next::close,
                        "what the test has opened can be closed",
                        "what does close() of " + next.getClass().getSimpleName() + " wait for?");
            } catch (AssertionError e) {
                failure = failure == null ? e : failure;
            }
        }
        if (storage != null) {
            storage.close();
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Lets nobody pass until it is opened. */
    static final class Gate {
        private final CountDownLatch latch;

        private Gate(CountDownLatch latch) {
            this.latch = latch;
        }

        /** Blocks until opened. */
        void pass() {
            try {
                latch.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** As {@link #pass()}, for a time at most. */
        boolean pass(Duration patience) {
            try {
                return latch.await(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        void open() {
            latch.countDown();
        }

        boolean isOpen() {
            return latch.getCount() == 0;
        }
    }

    /** How a {@link Node} is configured. */
    final class NodeSettings {
        private final String name;
        private final Map<String, String> extra = new HashMap<>();
        private final Set<String> left = new HashSet<>();
        private List<InetSocketAddress> servers = fixture.servers();
        private Duration lease = TckTimeouts.longLease();
        private @Nullable Executor callbacks;

        private NodeSettings(String name) {
            this.name = name;
        }

        /** Connects through proxies. */
        NodeSettings via(Network network) {
            return to(network.addresses());
        }

        /** Knows of these servers only. */
        NodeSettings to(List<InetSocketAddress> some) {
            servers = some;
            return this;
        }

        /** Its lease runs out as soon as the backend allows. */
        NodeSettings shortLease() {
            return shortLease(Duration.ZERO);
        }

        /** For what has to be seen while a lease runs out, on a machine that stands still now and then. */
        NodeSettings shortLease(Duration least) {
            Duration shortest = fixture.shortestLease();
            lease = shortest.compareTo(least) < 0 ? least : shortest;
            return this;
        }

        /** Does not contend again by itself when it has resigned: another one is sure to win. */
        NodeSettings slowToReturn() {
            return with("high-availability.resign-wait", "1 min");
        }

        /** One more setting, or another value. */
        NodeSettings with(String key, String value) {
            extra.put(key, value);
            return this;
        }

        /** Without a setting that all nodes have. */
        NodeSettings without(String key) {
            left.add(key);
            return this;
        }

        /** Where callbacks run. */
        NodeSettings callbacksOn(Executor executor) {
            callbacks = executor;
            return this;
        }

        Node open() {
            Map<String, String> settings = configuration(servers, lease);
            settings.putAll(extra);
            settings.keySet().removeAll(left);
            HighAvailability.Builder builder = HighAvailability.builder().configuration(settings);
            if (callbacks != null) {
                builder.callbackExecutor(callbacks);
            }
            return opened(new Node(name, fixture.services(builder)));
        }
    }

    /** One program that uses the library: its own services and connection. Stands for a process in tests that need no real one. */
    final class Node implements AutoCloseable {
        private final String name;
        private final HighAvailabilityServices services;

        private Node(String name, HighAvailabilityServices services) {
            this.name = name;
            this.services = services;
        }

        HighAvailabilityServices services() {
            return services;
        }

        /** Contends for {@link #ELECTION} and confirms when granted. */
        Seat contend() {
            return seat().start();
        }

        /** A seat in {@link #ELECTION} that has not been started. */
        Seat seat() {
            return seat(ELECTION);
        }

        /** A seat in {@code election} that has not been started. */
        Seat seat(String election) {
            return new Seat(name, services.leaderElection(election));
        }

        /** A seat for one component that has not been started. */
        Seat seat(String election, String component) {
            return new Seat(
                    name + "-" + component,
                    services.leaderElectionService(election).component(component));
        }

        /** Follows {@link #ELECTION} from now on. */
        Follower follow() {
            return follow(services.leaderRetrieval(ELECTION));
        }

        /** Follows {@code election} from now on. */
        Follower follow(String election) {
            return follow(services.leaderRetrieval(election));
        }

        /** Follows by {@code service} from now on. */
        Follower follow(LeaderRetrievalService service) {
            Follower follower = new Follower("follower in " + name, service);
            service.start(follower);
            return follower;
        }

        /** Watches for changes of the leader of {@link #ELECTION} from now on. */
        Alerts alerts(Duration grace) {
            return alerts(services.leaderRetrieval(ELECTION), grace);
        }

        /** Watches for changes by {@code service} from now on. */
        Alerts alerts(LeaderRetrievalService service, Duration grace) {
            Alerts alerts = new Alerts("monitor in " + name);
            opened(fixture.monitor(service, grace, alerts));
            return alerts;
        }

        @Override
        public void close() {
            services.close();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** A seat and who sits in it. */
    final class Seat {
        private final String name;
        private final LeaderElection election;
        private @Nullable Consumer<Leadership> onGrant;
        private @Nullable Consumer<Leadership> onRevoke;
        private @Nullable Contender contender;

        private Seat(String name, LeaderElection election) {
            this.name = name;
            this.election = election;
        }

        /** What the contender does when granted, instead of confirming. */
        Seat onGrant(Consumer<Leadership> action) {
            onGrant = action;
            return this;
        }

        /** What the contender does when revoked. */
        Seat onRevoke(Consumer<Leadership> action) {
            onRevoke = action;
            return this;
        }

        /** Leaves the election when it has lost its leadership. */
        Seat leavingWhenRevoked() {
            return onRevoke(leadership -> election.close());
        }

        /** Contends from now on. */
        Seat start() {
            contender = new Contender(name, handles(), onGrant, onRevoke);
            election.start(contender);
            return this;
        }

        /** A contender for calls that are to be refused. */
        Contender contenderOnly() {
            return new Contender(name, handles(), onGrant, onRevoke);
        }

        LeaderElection election() {
            return election;
        }

        Contender contender() {
            if (contender == null) {
                throw new IllegalStateException(name + " has not been started");
            }
            return contender;
        }

        /** Leads, now or soon: its handle. */
        Leadership leadership() {
            return leadership(TckTimeouts.patience());
        }

        /** Leads within {@code patience}: its handle. */
        Leadership leadership(Duration patience) {
            expect.within(
                    patience,
                    contender()::leads,
                    name + " leads",
                    contender(),
                    "does the driver watch the holder's lock, and report granted() when it wins it?");
            return contender().leading().orElseThrow(() -> lostAgain());
        }

        private AssertionError lostAgain() {
            return expect.broken(
                    name + " keeps the leadership",
                    contender(),
                    "why does the backend end its candidacy, or its lease?");
        }

        @Override
        public String toString() {
            return contender().toString();
        }
    }
}
