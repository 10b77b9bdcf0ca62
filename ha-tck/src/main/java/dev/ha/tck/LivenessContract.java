package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;
import static dev.ha.tck.Fault.WIPE;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.Leadership;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.Scenario.Gate;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 2 of the specification. */
abstract class LivenessContract extends RuleGroup {
    private static final int MANY = 100;

    LivenessContract(BackendContract contract) {
        super(contract);
    }

    // ---- 2.1

    @Test
    @Rule("2.1")
    @DisplayName("A sole contender is granted the leadership, once, and keeps it")
    final void soleContenderLeads() {
        Seat seat = node("a").contend();
        Leadership leadership = seat.leadership();
        expect().throughout(
                        () -> leadership.isValid() && seat.contender().grants().size() == 1,
                        "a sole contender keeps its first grant",
                        seat,
                        "why does the candidacy, or its lease, end?");
        expect().that(
                        seat.election()
                                .leadership()
                                .filter(held -> held.sessionId().equals(leadership.sessionId()))
                                .isPresent(),
                        "leadership() gives the handle that was granted",
                        seat.election().leadership(),
                        "this is the engine's work");
    }

    @Test
    @Rule("2.1")
    @DisplayName("A leader keeps its leadership for longer than a lease")
    final void leaderOutlivesItsLease() {
        needs(ELECTIONS, LEASES);
        Seat seat = scenario().nodeWith("a").shortLease().open().contend();
        Leadership leadership = seat.leadership();
        expect().throughout(
                        scenario().fixture().shortestLease().multipliedBy(2),
                        leadership::isValid,
                        "the lease is renewed as long as the backend can be reached",
                        seat,
                        "is the lease renewed well before the deadline, and renewed() told each time?");
    }

    // ---- 2.2

    @Test
    @Rule("2.2")
    @DisplayName("A standby leads as soon as the leader has closed")
    final void handoverAfterClose() {
        needs(ELECTIONS);
        Seat leader = node("leader").contend();
        leader.leadership();
        Seat standby = node("standby").contend();
        leader.election().close();
        standby.leadership();
    }

    @Test
    @Rule("2.2")
    @DisplayName("A standby leads as soon as the services of the leader have closed")
    final void handoverAfterServicesClose() {
        needs(ELECTIONS);
        Node node = node("leader");
        node.contend().leadership();
        Seat standby = node("standby").contend();
        node.close();
        standby.leadership();
    }

    @Test
    @Rule("2.2")
    @DisplayName("A standby leads as soon as the leader has resigned, and so to and fro")
    final void handoverAfterResign() {
        needs(ELECTIONS);
        Node node = scenario().nodeWith("one").slowToReturn().open();
        Node next = scenario().nodeWith("other").slowToReturn().open();
        Seat leader = node.contend();
        for (int turn = 0; turn < 4; turn++) {
            Leadership leadership = leader.leadership();
            Seat standby = next.contend();
            leadership.resign();
            standby.leadership();
            leader.election().close();
            leader = standby;
            Node before = node;
            node = next;
            next = before;
        }
    }

    @Test
    @Rule("2.2")
    @DisplayName("When a waiting contender leaves, the ones behind it still follow")
    final void waitingContendersMayLeave() {
        needs(ELECTIONS);
        Seat leader = node("leader").contend();
        leader.leadership();
        List<Seat> waiting = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            waiting.add(node("waiting-" + i).contend());
            // So that they most likely queue in this order. None of them has anything to tell when it queues.
            scenario().letPass(Duration.ofMillis(50));
        }
        waiting.remove(2).election().close();
        waiting.remove(0).election().close();
        leader.election().close();
        while (!waiting.isEmpty()) {
            expect().eventually(
                            () -> waiting.stream()
                                    .anyMatch(seat -> seat.contender().leads()),
                            "one of those who still wait leads",
                            waiting,
                            "what happens to the candidates behind one that leaves?");
            Seat next = waiting.stream()
                    .filter(seat -> seat.contender().leads())
                    .findFirst()
                    .orElseThrow();
            waiting.remove(next);
            next.election().close();
        }
    }

    // ---- 2.3

    @Test
    @Rule("2.3")
    @DisplayName("A standby leads when the leader has been cut off for a lease")
    final void standbyLeadsWhenTheLeaderIsCutOff() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        scenario().nodeWith("leader").via(network).shortLease().open().contend().leadership();
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        network.partition();
        standby.leadership(leaseAndPatience());
    }

    // ---- 2.4

    @Test
    @Rule("2.4")
    @DisplayName("A contender leads again each time the connection was lost for longer than a lease")
    final void recoversFromOutages() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).shortLease().open();
        Seat seat = node.contend();
        Follower follower = node.follow();
        for (int turn = 0; turn < 3; turn++) {
            Leadership leadership = seat.leadership(leaseAndPatience());
            if (turn == 1) {
                network.partition();
            } else {
                network.cut();
            }
            expect().within(
                            leaseAndPatience(),
                            () -> !leadership.isValid(),
                            "the handle turns invalid when the backend can't be reached",
                            seat,
                            "what extends the deadline?");
            network.resume();
        }
        Leadership last = seat.leadership(leaseAndPatience());
        expect().within(
                        leaseAndPatience(),
                        () -> follower.follows(last),
                        "a follower sees the leader again after outages",
                        follower,
                        "does the watch connect again by itself, and report what it then reads?");
    }

    @Test
    @Rule("2.4")
    @DisplayName("A connection that breaks and comes back at once costs nothing for good")
    final void recoversFromBlips() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).open();
        Seat seat = node.contend();
        Follower follower = node.follow();
        for (int turn = 0; turn < 3; turn++) {
            Leadership leadership = seat.leadership();
            expect().eventually(() -> follower.follows(leadership), "the follower sees the leader", follower, "");
            network.cut();
            network.resume();
        }
        scenario().letPass(TckTimeouts.quiet());
        Leadership last = seat.leadership();
        expect().eventually(
                        () -> follower.follows(last),
                        "a follower sees the leader again after a broken connection",
                        follower,
                        "does the watch connect again by itself, and report what it then reads?");
    }

    @Test
    @Rule("2.4")
    @DisplayName("A contender leads again, and is followed, each time its lock was removed")
    final void recoversFromRemovedLocks() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        recovers(REMOVE_LOCK);
    }

    @Test
    @Rule("2.4")
    @DisplayName("A contender leads again, and is followed, each time the data of its election were wiped")
    final void recoversFromWipedData() {
        needs(ELECTIONS);
        needs(WIPE);
        recovers(WIPE);
    }

    private void recovers(Fault fault) {
        Node node = node("a");
        Seat seat = node.contend();
        Follower follower = node("b").follow();
        for (int turn = 0; turn < 3; turn++) {
            Leadership leadership = seat.leadership();
            expect().eventually(
                            () -> follower.follows(leadership),
                            "a follower sees the leader again after " + turn + " times " + fault,
                            follower,
                            "does the watch survive the removal of what it watches?");
            inject(fault);
            awaitEnd(leadership);
        }
        seat.leadership();
    }

    // ---- 2.5

    @Test
    @Rule("2.5")
    @DisplayName("Contenders come and go, and there is always one that leads")
    final void contendersComeAndGo() {
        needs(ELECTIONS);
        Deque<Seat> seats = new ArrayDeque<>();
        for (int i = 0; i < 3; i++) {
            seats.add(node("node-" + i).contend());
        }
        for (int i = 3; i < 14; i++) {
            // The one in front most often leads; every third time one from the back, which waits, goes.
            Seat leaving = i % 3 == 0 ? seats.removeLast() : seats.removeFirst();
            seats.add(node("node-" + i).contend());
            leaving.election().close();
            expect().eventually(
                            () -> seats.stream()
                                    .anyMatch(seat -> seat.contender().leads()),
                            "one of those who stayed leads",
                            seats,
                            "what happens to the candidates behind one that leaves?");
        }
    }

    @Test
    @Rule("2.5")
    @DisplayName("A process may leave an election and come back")
    final void leaveAndComeBack() {
        needs(ELECTIONS);
        Node node = node("a");
        for (int turn = 0; turn < 3; turn++) {
            Seat seat = node.contend();
            seat.leadership();
            seat.election().close();
        }
    }

    // ---- 2.6

    @Test
    @Rule("2.6")
    @DisplayName("Starting without a reachable server blocks nobody, is reported, and succeeds once there is one")
    final void unreachableAtStart() {
        needs(ELECTIONS);
        scenario().needsServers();
        Network network = scenario().network();
        network.cut();
        Node node = scenario().nodeWith("a").via(network).open();
        Seat seat = node.seat();
        expect().returns(seat::start, "start() returns though no server can be reached", "does elect() do I/O?");
        Follower follower = node.follow();
        expect().eventually(
                        () -> !seat.contender().errors().isEmpty(),
                        "the trouble is told to handleError",
                        seat,
                        "does the backend call disconnected() when it can't connect?");
        expect().that(
                        !follower.seesNone(),
                        "a follower that has heard nothing is not told that there is no leader",
                        follower,
                        "does the watch report only what it has read?");
        network.resume();
        Leadership leadership = seat.leadership();
        expect().eventually(
                        () -> follower.follows(leadership),
                        "the follower sees the leader once the server can be reached",
                        follower,
                        "is the watch set up again until it succeeds?");
    }

    // ---- 2.7

    @Test
    @Rule("2.7")
    @DisplayName("A candidacy whose creation was never answered does not block the election")
    final void orphansDoNotBlock() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).shortLease().open();
        // Connects, so that what is lost next is the answer to a creation and not to the first hello.
        node.seat("other").start().leadership();
        network.stall(Direction.TO_CLIENT);
        Seat orphan = node.contend();
        scenario().letPass(TckTimeouts.quiet());
        network.cut();
        network.resume();
        expect().returns(orphan.election()::close, "close() returns", "does close() of a candidacy wait for ever?");
        scenario().nodeWith("b").shortLease().open().contend().leadership(leaseAndPatience());
    }

    @Test
    @Rule("2.7")
    @DisplayName("A process does not queue behind its own former candidacy")
    final void noWaitingForOneself() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).open();
        node.seat("other").start().leadership();
        network.stall(Direction.TO_CLIENT);
        Seat seat = node.contend();
        scenario().letPass(TckTimeouts.quiet());
        network.cut();
        network.resume();
        seat.leadership();
    }

    // ---- 2.8

    @Test
    @Rule("2.8")
    @DisplayName("The handle turns invalid and lost() completes while the contender's grant is blocked")
    final void revocationWithBlockedCallback() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Gate gate = scenario().gate();
        Seat seat = node("a").seat().onGrant(leadership -> gate.pass()).start();
        Leadership leadership = seat.leadership();
        inject(REMOVE_LOCK);
        awaitEnd(leadership);
        expect().completes(
                        leadership.lost(), "lost() completes while a callback is blocked", "this is the engine's work");
    }

    @Test
    @Rule("2.8")
    @DisplayName(
            "The handle turns invalid by its deadline while all callback threads are blocked and the network is silent")
    final void revocationWithoutThreadsAndNetwork() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Gate gate = scenario().gate();
        ExecutorService callbacks = Executors.newSingleThreadExecutor(work -> daemon(work));
        scenario().opened(callbacks::shutdownNow);
        Seat seat = scenario()
                .nodeWith("a")
                .via(network)
                .shortLease()
                .callbacksOn(callbacks)
                .open()
                .seat()
                .onGrant(leadership -> gate.pass())
                .start();
        Leadership leadership = seat.leadership();
        network.partition();
        expect().within(
                        leaseAndPatience(),
                        () -> !leadership.isValid()
                                && leadership.lost().toCompletableFuture().isDone(),
                        "the handle turns invalid and lost() completes by the deadline",
                        leadership,
                        "does the lease that was handed to the engine have a deadline?");
        gate.open();
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "tck-callbacks");
        thread.setDaemon(true);
        return thread;
    }

    // ---- 2.9

    @Test
    @Rule("2.9")
    @DisplayName("A process that loses many elections at once leads in all of them again")
    final void massLoss() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("a").via(network).shortLease().open();
        List<Seat> seats = IntStream.range(0, MANY)
                .mapToObj(i -> node.seat(ELECTION + "-" + i).start())
                .toList();
        awaitAll(seats, 1);
        network.partition();
        expect().within(
                        leaseAndPatience(),
                        () -> seats.stream().noneMatch(seat -> seat.contender().leads()),
                        "no handle outlives the lease",
                        seats,
                        "what extends the deadline?");
        network.cut();
        network.resume();
        awaitAll(seats, 2);
    }

    private void awaitAll(List<Seat> seats, int grants) {
        expect().within(
                        leaseAndPatience().multipliedBy(2),
                        () -> seats.stream()
                                .allMatch(seat -> seat.contender().leads()
                                        && seat.contender().grants().size() >= grants),
                        "all " + MANY + " elections are led",
                        lazily(() -> seats.stream()
                                        .filter(seat -> !seat.contender().leads())
                                        .count() + " are not led"),
                        "are new candidacies paced, and does each of them succeed?");
    }
}
