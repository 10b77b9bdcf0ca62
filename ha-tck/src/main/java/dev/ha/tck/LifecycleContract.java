package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.Health;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElection;
import dev.ha.LeaderElectionService;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.store.EntryStore;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Chapter 7 of the specification. */
abstract class LifecycleContract extends RuleGroup {
    private static final String ENGINE = "this is the engine's work";
    private static final Duration TO_BE_SEEN = Duration.ofSeconds(4);

    LifecycleContract(BackendContract contract) {
        super(contract);
    }

    // ---- 7.1

    @Test
    @Rule("7.1")
    @DisplayName("Building services, handles and followers connects to nothing; the first start does")
    final void connectsLate() {
        needs(ELECTIONS);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).open();
        Seat seat = node.seat();
        node.services().leaderRetrieval(ELECTION);
        node.services().stores(ELECTION).entries();
        expect().throughout(
                        () -> network.connections() == 0,
                        "no connection before the first start",
                        network.connections(),
                        "does create() of the factory, or metadataStore(), connect?");
        seat.start().leadership();
        expect().that(network.connections() > 0, "a connection after it", network.connections(), "do servers() match?");
    }

    @Test
    @Rule("7.1")
    @DisplayName("Building services, handles and followers stores nothing")
    final void storesLate() {
        needs(ELECTIONS);
        Node node = node("a");
        node.seat();
        node.services().leaderRetrieval(ELECTION);
        node.services().stores(ELECTION).entries();
        expect().throughout(
                        () -> raw().equals(RawElection.NOTHING),
                        "nothing in the store before the first start",
                        raw(),
                        "does create() of the factory, or metadataStore(), write?");
    }

    // ---- 7.2

    @Test
    @Rule("7.2")
    @DisplayName("close() is idempotent on every object, before and after start, and in any order")
    final void closeIsIdempotent() {
        Node node = node("a");
        Seat never = node.seat("never started");
        Seat seat = node.contend();
        seat.leadership();
        Follower follower = node.follow();
        LeaderRetrievalService unused = node.services().leaderRetrieval(ELECTION);
        LeaderElectionService lock = node.services().leaderElectionService(ELECTION);
        Map<String, Executable> closes = new LinkedHashMap<>();
        closes.put("a seat that was never started", never.election()::close);
        closes.put("a seat", seat.election()::close);
        closes.put("the election", lock::close);
        closes.put("a follower that was never started", unused::close);
        closes.put("the services", node::close);
        closes.put("a follower, after its services", follower.service()::close);
        closes.put("a seat, after its services", seat.election()::close);
        closes.forEach((what, close) -> {
            expect().returns(close, "close() of " + what + " returns", ENGINE);
            expect().returns(close, "a second close() of " + what + " returns", ENGINE);
        });
    }

    @Test
    @Rule("7.2")
    @DisplayName("After close() of the services every other call is an IllegalStateException")
    final void useAfterClose() throws InterruptedException {
        Node node = node("a");
        HighAvailabilityServices services = node.services();
        LeaderElection seat = services.leaderElection("one");
        LeaderElectionService lock = services.leaderElectionService("two");
        LeaderRetrievalService follower = services.leaderRetrieval("three");
        Contender contender = node.seat("never").contenderOnly();
        node.close();
        Map<String, Executable> calls = new LinkedHashMap<>();
        calls.put("leaderElection", () -> services.leaderElection(ELECTION));
        calls.put("leaderElectionService", () -> services.leaderElectionService(ELECTION));
        calls.put("leaderRetrieval", () -> services.leaderRetrieval(ELECTION));
        calls.put("stores", () -> services.stores(ELECTION));
        calls.put("diagnose", services::diagnose);
        calls.put("start of a seat", () -> seat.start(contender));
        calls.put("component", () -> lock.component("component"));
        calls.put("start of a follower", () -> follower.start(leader -> {}));
        calls.forEach((what, call) ->
                expect().thrown(IllegalStateException.class, call, what + " after close() is refused", ENGINE));
        expect().that(services.awaitClosed(Duration.ZERO), "awaitClosed() says so", false, ENGINE);
        expect().that(
                        services.health().status() == Health.Status.DOWN,
                        "health() is DOWN after close()",
                        services.health(),
                        ENGINE);
    }

    @Test
    @Rule("7.2")
    @DisplayName("After close() of a seat or a follower its start is an IllegalStateException; so is a second start")
    final void startAfterClose() {
        Node node = node("a");
        Contender contender = node.seat("never").contenderOnly();
        Seat seat = node.contend();
        expect().thrown(
                        IllegalStateException.class,
                        () -> seat.election().start(contender),
                        "a second start of a seat is refused",
                        ENGINE);
        LeaderElection closed = node.services().leaderElection("closed");
        closed.close();
        expect().thrown(
                        IllegalStateException.class,
                        () -> closed.start(contender),
                        "start after close() is refused",
                        ENGINE);
        Follower follower = node.follow();
        expect().thrown(
                        IllegalStateException.class,
                        () -> follower.service().start(follower),
                        "a second start of a follower is refused",
                        ENGINE);
        LeaderRetrievalService ended = node.services().leaderRetrieval(ELECTION);
        ended.close();
        expect().thrown(
                        IllegalStateException.class,
                        () -> ended.start(leader -> {}),
                        "start after close() is refused",
                        ENGINE);
    }

    @Test
    @Rule("7.2")
    @DisplayName("Every stage that was returned completes, one way or the other, once the services are closed")
    final void stagesComplete() {
        Node node = node("a");
        Leadership leadership = node.seat().onGrant(held -> {}).start().leadership();
        Follower follower = node.follow(node.services().leaderRetrieval("another election"));
        EntryStore entries = node.services().stores(ELECTION).entries();
        Map<String, CompletionStage<?>> stages = new LinkedHashMap<>();
        stages.put("confirm", leadership.confirm("tcp://a"));
        stages.put("lost", leadership.lost());
        stages.put("create", entries.create(leadership, "entry", new byte[1]));
        stages.put("get", entries.get("entry"));
        stages.put("names", entries.names(""));
        stages.put("leader", follower.service().leader());
        stages.put("read", follower.service().read());
        stages.put("resign", leadership.resign());
        node.close();
        stages.forEach((what, stage) -> expect().eventually(
                        () -> stage.toCompletableFuture().isDone(),
                        "the stage of " + what + " completes",
                        stage,
                        "does every method of the drivers complete its stage after close()?"));
    }

    @Test
    @Rule("7.2")
    @DisplayName("close() returns within a bound though the backend can't be reached")
    final void closeWithoutBackend() {
        needs(ELECTIONS);
        scenario().needsServers();
        for (boolean silent : List.of(true, false)) {
            Network network = scenario().network();
            Node node = scenario()
                    .nodeWith("a")
                    .via(network)
                    .shortLease()
                    .with("high-availability.close-timeout", "500 ms")
                    .open();
            node.contend().leadership();
            node.follow();
            if (silent) {
                network.partition();
            } else {
                network.cut();
            }
            expect().returns(
                            node::close,
                            "close() returns though the backend can't be reached",
                            "how long may close() of drivers and backend take?");
            network.resume();
            Node next = node("next-" + silent);
            next.contend().leadership(leaseAndPatience());
            next.close();
        }
    }

    // ---- 7.3

    @Test
    @Rule("7.3")
    @DisplayName("Elections of the same name in different clusters do not meet, whatever their ids")
    final void clustersDoNotMeet() {
        needs(ELECTIONS);
        String cluster = scenario().clusterId();
        List<String> clusters =
                List.of(cluster, cluster + "-2", cluster + "/a", cluster + "/a/b", cluster.toUpperCase(Locale.ROOT));
        for (String id : clusters) {
            Node node = scenario()
                    .nodeWith("node of " + id)
                    .with("high-availability.cluster-id", id)
                    .open();
            Leadership leadership = node.contend().leadership();
            Follower follower = node.follow();
            expect().eventually(
                            () -> follower.follows(leadership),
                            "the leader of the own cluster '" + id + "', and no other",
                            follower,
                            "are cluster ids encoded one-to-one into whatever separates clusters?");
        }
    }

    // ---- 7.5

    @Test
    @Rule("7.5")
    @DisplayName("A second registration for a component fails and leaves the first in place; later it may come back")
    final void duplicateRegistration() {
        Node node = node("a");
        Seat first = node.contend();
        Leadership leadership = first.leadership();
        Seat second = node.seat();
        expect().thrown(
                        IllegalStateException.class,
                        second::start,
                        "a second registration for the same component is refused",
                        ENGINE);
        expect().throughout(
                        () -> leadership.isValid() && second.contender().calls() == 0,
                        "the first contender leads on, the second hears nothing",
                        List.of(first, second),
                        ENGINE);
        first.election().close();
        node.contend().leadership();
    }

    // ---- 7.6

    @Test
    @Rule("7.6")
    @Tag("once")
    @DisplayName(
            "health() of a leader whose backend falls silent is DEGRADED within the lease, DOWN after it, and UP again")
    final void healthTellsOutages() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).shortLease(TO_BE_SEEN).open();
        Leadership leadership = node.contend().leadership();
        Node standby = scenario().nodeWith("b").shortLease(TO_BE_SEEN).open();
        standby.contend();
        for (Node well : List.of(node, standby)) {
            expect().eventually(
                            () -> status(well) == Health.Status.UP,
                            "UP while the backend can be reached, for leader and standby",
                            lazily(() -> well.services().health()),
                            "does the backend call connected() when the trouble is over?");
        }
        List<Health.Status> seen = new ArrayList<>();
        AtomicBoolean inTime = new AtomicBoolean();
        network.partition();
        expect().within(
                        leaseAndPatience().plus(TO_BE_SEEN),
                        () -> {
                            Health.Status status = status(node);
                            if (seen.isEmpty() || seen.get(seen.size() - 1) != status) {
                                seen.add(status);
                                inTime.compareAndSet(false, status == Health.Status.DEGRADED && leadership.isValid());
                            }
                            return status == Health.Status.DOWN && !leadership.isValid();
                        },
                        "DOWN when the backend can't be reached and no lease is left",
                        lazily(() -> seen + ", now " + node.services().health()),
                        "does the backend call disconnected() when nobody answers?");
        expect().that(inTime.get(), "DEGRADED while the handle was valid", seen, "is the lease one of the context?");
        expect().that(
                        seen.indexOf(Health.Status.UP) <= 0 && seen.lastIndexOf(Health.Status.UP) <= 0,
                        "not UP again before the backend can be reached",
                        seen,
                        "is disconnected() called before the lease is over?");
        // Longer than the engine takes a lease that ran out for a sign of an outage.
        expect().throughout(
                        scenario().fixture().shortestLease().plus(TO_BE_SEEN).plus(TckTimeouts.quiet()),
                        () -> status(node) == Health.Status.DOWN,
                        "DOWN as long as the backend can't be reached",
                        lazily(() -> node.services().health()),
                        "is disconnected() called within a lease, and connected() only when somebody has answered?");
        network.resume();
        expect().within(
                        leaseAndPatience(),
                        () -> status(node) == Health.Status.UP,
                        "UP when the backend can be reached",
                        lazily(() -> node.services().health()),
                        "does the backend call connected() when the trouble is over?");
    }

    private static Health.Status status(Node node) {
        return node.services().health().status();
    }
}
