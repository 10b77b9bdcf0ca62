package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Capability.PROCESSES;
import static dev.ha.tck.Expect.lazily;

import dev.ha.Leadership;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 9 of the specification, and those rules of other chapters that only other processes can prove. */
abstract class ProcessContract extends RuleGroup {
    private static final String LOCK = "what frees the lock of a process that is gone, and only then?";

    ProcessContract(BackendContract contract) {
        super(contract);
    }

    private Duration crashBound() {
        return scenario().can(LEASES) ? leaseAndPatience() : TckTimeouts.patience();
    }

    private void needsStopping() {
        if (!Child.canStop()) {
            scenario().abort("processes can't be stopped on this operating system");
        }
    }

    private void assertOneLeader() {
        expect().that(
                        scenario().validity().overlaps(Duration.ZERO).isEmpty(),
                        "no two handles of one election are valid at one instant, in whatever process",
                        lazily(() -> scenario().validity().overlaps(Duration.ZERO)),
                        "is a handle's deadline counted by a clock that goes on while the process is stopped?");
    }

    private void assertSafe() {
        assertOneLeader();
        expect().that(
                        scenario().validity().revivals().isEmpty(),
                        "handles that were invalid stay invalid",
                        lazily(() -> scenario().validity().revivals()),
                        "does the driver use a lease again after it was over?");
        expect().that(
                        scenario().validity().tokensOutOfOrder().isEmpty(),
                        "each grant has a larger token than all before it",
                        lazily(() -> scenario().validity().tokensOutOfOrder()),
                        "does the token outlive the process?");
    }

    // ---- rules of other chapters

    @Test
    @Rule("1.1")
    @DisplayName("Of contenders in several processes at most one has a valid handle while leaders leave")
    final void oneLeaderAmongProcesses() {
        needs(ELECTIONS, PROCESSES);
        Deque<Child> children = new ArrayDeque<>();
        for (int i = 0; i < 3; i++) {
            children.add(scenario().child("process-" + i).contend());
        }
        Seat here = node("here").contend();
        while (!children.isEmpty()) {
            expect().within(
                            crashBound(),
                            () -> here.contender().leads() || children.stream().anyMatch(Child::leads),
                            "one of the contenders leads",
                            lazily(() -> here + "\n" + children),
                            "do the processes meet in one election?");
            here.election().leadership().ifPresent(Leadership::resign);
            Child leaving = children.stream().filter(Child::leads).findFirst().orElse(children.getFirst());
            children.remove(leaving);
            leaving.leave();
        }
        here.leadership();
        assertOneLeader();
    }

    @Test
    @Rule("1.2")
    @DisplayName("The token rises when the process of the leader was killed, and no other had ever taken part")
    final void tokenOutlivesTheProcess() {
        needs(ELECTIONS, PROCESSES);
        Child child = scenario().child("killed").contend();
        Child.Grant before = child.leadership(crashBound());
        child.kill();
        Leadership after =
                scenario().nodeWith("next").shortLease().open().contend().leadership(crashBound());
        expect().that(
                        after.fencingToken() > before.token(),
                        "a larger token than " + before.token(),
                        after.fencingToken(),
                        "is the token stored before the grant, and not in the memory of a process?");
    }

    @Test
    @Rule("1.3")
    @DisplayName(
            "A leader whose process was stopped is invalid before its successor is granted, and stays so when it continues")
    final void stoppedLeaderIsInvalid() {
        needs(ELECTIONS, PROCESSES, LEASES);
        needsStopping();
        Child child = scenario().child("stopped").contend();
        child.leadership(crashBound());
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        child.stop();
        standby.leadership(crashBound());
        child.proceed();
        expect().throughout(
                        standby.contender()::leads,
                        "the successor leads on when the old leader's process continues",
                        lazily(() -> standby + "\n" + child),
                        "does the old leader do anything with its old lock?");
        assertOneLeader();
    }

    @Test
    @Rule("1.3")
    @DisplayName(
            "A leader whose lock never expires keeps it while its process is stopped, and leads on when it continues")
    final void stoppedLeaderKeepsAnUnlimitedLock() {
        needs(ELECTIONS, PROCESSES);
        if (scenario().can(LEASES)) {
            scenario().abort("the backend's locks expire; see the other test of this rule");
        }
        needsStopping();
        Child child = scenario().child("stopped").contend();
        child.leadership(crashBound());
        Seat standby = node("standby").contend();
        child.stop();
        expect().throughout(
                        () -> !standby.contender().leads(),
                        "nobody else is granted while the leader's process is stopped",
                        standby,
                        LOCK);
        child.proceed();
        expect().throughout(child::leads, "the leader leads on", child, LOCK);
        assertOneLeader();
    }

    @Test
    @Rule("1.5")
    @DisplayName(
            "A leader whose process was stopped in the middle of its writes writes nothing after its successor was granted")
    final void stoppedLeaderWritesNothing() {
        needs(ELECTIONS, PROCESSES, LEASES);
        needsStopping();
        Child child = scenario().child("stopped").contend();
        child.leadership(crashBound());
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        child.stop();
        standby.leadership(crashBound());
        String before = String.valueOf(raw().entries().get("by-stopped"));
        child.proceed();
        expect().throughout(
                        () -> before.equals(raw().entries().get("by-stopped")),
                        "the entry as it was when the successor was granted: " + before,
                        lazily(this::raw),
                        "is every write conditional, in the backend itself, on the lock of its own candidacy?");
        expect().throughout(
                        standby.contender()::leads,
                        "the successor leads on when the old leader's process continues",
                        lazily(() -> standby + "\n" + child),
                        "does the old leader do anything with its old lock?");
    }

    @Test
    @Rule("2.3")
    @DisplayName("A standby leads when the process of the leader was killed")
    final void standbyLeadsWhenTheLeaderIsKilled() {
        needs(ELECTIONS, PROCESSES);
        Child child = scenario().child("killed").contend();
        child.leadership(crashBound());
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        child.kill();
        standby.leadership(crashBound());
    }

    @Test
    @Rule("4.3")
    @DisplayName("The information of a leader whose process was killed disappears, also when there is no successor")
    final void informationOfTheKilledDisappears() {
        needs(ELECTIONS, PROCESSES);
        Child child = scenario().child("killed").contend();
        Follower follower = scenario().nodeWith("follower").shortLease().open().follow();
        Child.Grant grant = child.leadership(crashBound());
        expect().eventually(
                        () -> follower.last()
                                .flatMap(told -> told.leader())
                                .filter(leader -> leader.sessionId().equals(grant.session()))
                                .isPresent(),
                        "the leader in the other process",
                        follower,
                        "do the processes meet in one election?");
        child.kill();
        expect().within(crashBound(), follower::seesNone, "None, once the leader is dead", follower, LOCK);
    }

    // ---- 9.1

    @Test
    @Rule("9.1")
    @DisplayName("Leaders are killed one after the other, and every time another one leads, alone, with a larger token")
    final void killedLeaders() {
        needs(ELECTIONS, PROCESSES);
        List<Child> children = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            children.add(scenario().child("process-" + i).contend());
        }
        for (int turn = 0; turn < 2; turn++) {
            Child leader = anyLeader(children);
            children.remove(leader);
            leader.kill();
        }
        anyLeader(children);
        scenario().letPass(TckTimeouts.quiet()); // until it has said how long its handle has been valid
        assertSafe();
    }

    private Child anyLeader(List<Child> children) {
        expect().within(
                        crashBound(),
                        () -> children.stream().anyMatch(Child::leads),
                        "one of the processes that are left leads",
                        children,
                        LOCK);
        return children.stream().filter(Child::leads).findFirst().orElseThrow(() -> expect().broken(
                        "it keeps the leadership", children, "why did it lose it?"));
    }

    // ---- 9.2

    @Test
    @Rule("9.2")
    @DisplayName(
            "Two processes are stopped for longer than the lease whenever they lead, and continued: never both lead")
    final void stoppedLeaders() {
        needs(ELECTIONS, PROCESSES, LEASES);
        needsStopping();
        List<Child> children = List.of(
                scenario().child("process-0").contend(),
                scenario().child("process-1").contend());
        for (int turn = 0; turn < 3; turn++) {
            Child leader = anyLeader(children);
            Child other = children.get(1 - children.indexOf(leader));
            leader.stop();
            expect().within(crashBound(), other::leads, "the other process leads", children, LOCK);
            leader.proceed();
            expect().eventually(() -> !leader.leads(), "the stopped process is told that it lost", leader, "");
        }
        assertSafe();
    }

    // ---- 9.4, 9.5, 9.7

    @Test
    @Rule("9.4")
    @DisplayName("A leader whose requests are lost while answers arrive is succeeded, and recovers")
    final void requestsLost() {
        survives(network -> network.stall(Direction.TO_SERVER), Network::cut);
    }

    @Test
    @Rule("9.5")
    @DisplayName("A leader whose requests arrive while the answers are lost loses its leadership, and recovers")
    final void answersLost() {
        survives(network -> network.stall(Direction.TO_CLIENT), Network::cut);
    }

    @Test
    @Rule("9.7")
    @DisplayName("Requests that are delivered after the lease is over change nothing for the successor")
    final void requestsDeliveredLate() {
        survives(network -> network.stall(Direction.TO_SERVER), network -> {});
    }

    @Test
    @Rule("9.7")
    @DisplayName("Answers that are delivered after the lease is over make no handle valid")
    final void answersDeliveredLate() {
        survives(network -> network.stall(Direction.TO_CLIENT), network -> {});
    }

    private void survives(Consumer<Network> fault, Consumer<Network> end) {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Node node = scenario().nodeWith("faulty").via(network).shortLease().open();
        Seat faulty = node.contend();
        Leadership leadership = faulty.leadership();
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        fault.accept(network);
        expect().within(
                        leaseAndPatience(),
                        () -> !leadership.isValid(),
                        "the handle turns invalid",
                        faulty,
                        "what extends the deadline?");
        // Where the server still hears the old leader, its lock is free only when its client has given up.
        scenario().letPass(scenario().fixture().shortestLease());
        end.accept(network);
        network.resume();
        expect().within(
                        leaseAndPatience(),
                        () -> standby.contender().leads() || faulty.contender().leads(),
                        "one of the two leads when the network works again",
                        List.of(faulty, standby),
                        "does a client that was deaf or mute give up its session, or use it again?");
        assertSafe();
        standby.election().close();
        Leadership recovered = faulty.leadership(leaseAndPatience());
        Follower follower = node.follow();
        expect().within(
                        leaseAndPatience(),
                        () -> follower.follows(recovered),
                        "the recovered leader is seen",
                        follower,
                        "does the watch connect again?");
        assertSafe();
    }
}
