package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.OVERWRITE_RECORDS;
import static dev.ha.tck.Fault.REMOVE_LOCK;
import static dev.ha.tck.Fault.REMOVE_RECORDS;
import static dev.ha.tck.Fault.WIPE;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.spi.LeaderRecord;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 4 of the specification. */
abstract class PublicationContract extends RuleGroup {
    private static final String LEADER = "leader";

    PublicationContract(BackendContract contract) {
        super(contract);
    }

    // ---- 4.1

    @Test
    @Rule("4.1")
    @DisplayName("A leader that has not confirmed is not seen")
    final void unconfirmedIsNotSeen() {
        needs(ELECTIONS);
        Node node = node("a");
        Follower follower = node("b").follow();
        node.seat().onGrant(leadership -> {}).start().leadership();
        expect().throughout(
                        () -> follower.told().stream()
                                        .allMatch(told -> told.leader().isEmpty())
                                && raw().records().isEmpty(),
                        "no leader is seen before it has confirmed",
                        lazily(() -> follower + "; " + raw()),
                        "what does the driver write when it wins?");
    }

    @Test
    @Rule("4.1")
    @DisplayName("When confirm() completes, the store holds exactly session id, token and address of the grant")
    final void confirmedIsStored() {
        needs(ELECTIONS);
        Leadership leadership = node("a").seat().onGrant(held -> {}).start().leadership();
        expect().completes(leadership.confirm("tcp://a"), "confirm() completes", "does publish() complete?");
        Map<String, LeaderRecord> expected =
                Map.of(LEADER, new LeaderRecord(leadership.sessionId(), leadership.fencingToken(), "tcp://a"));
        expect().that(
                        raw().records().equals(expected),
                        "the records " + expected,
                        raw().records(),
                        "is publish() complete only when the records are written?");
        expect().that(
                        raw().holderToken() == leadership.fencingToken(),
                        "the lock is held with token " + leadership.fencingToken(),
                        raw(),
                        "does the fixture read the token that the backend grants?");
    }

    @Test
    @Rule("4.1")
    @DisplayName("A follower is told session id, token and address of the leader that has confirmed")
    final void confirmedIsSeen() {
        needs(ELECTIONS);
        Follower follower = node("b").follow();
        Leadership leadership = node("a").contend().leadership();
        expect().eventually(
                        () -> follower.last()
                                .flatMap(told -> told.leader())
                                .filter(leader -> leader.sessionId().equals(leadership.sessionId())
                                        && leader.fencingToken() == leadership.fencingToken()
                                        && leader.address().equals("tcp://a")
                                        && leader.historyId().equals(leadership.historyId()))
                                .isPresent(),
                        "session id, token, address and history of " + leadership,
                        follower,
                        "does the watch report what publish() wrote, and the history that was granted?");
    }

    @Test
    @Rule("4.1")
    @DisplayName("Each component of an election is seen with its own address")
    final void componentsAreSeen() {
        needs(ELECTIONS);
        Node node = node("a");
        node.seat(ELECTION, "one").start().leadership();
        node.seat(ELECTION, "other").start().leadership();
        Node elsewhere = node("b");
        Follower one = elsewhere.follow(elsewhere.services().leaderRetrieval(ELECTION, "one"));
        Follower other = elsewhere.follow(elsewhere.services().leaderRetrieval(ELECTION, "other"));
        assertSees(one, "tcp://a-one");
        assertSees(other, "tcp://a-other");
    }

    private void assertSees(Follower follower, String address) {
        expect().eventually(
                        () -> follower.last()
                                .flatMap(told -> told.leader())
                                .filter(leader -> leader.address().equals(address))
                                .isPresent(),
                        "a leader at " + address,
                        follower,
                        "does publish() write all records it is given, and the watch report all of them?");
    }

    // ---- 4.2

    @Test
    @Rule("4.2")
    @DisplayName("confirm() after the end of a leadership fails and changes nothing")
    final void confirmAfterTheEnd() {
        needs(ELECTIONS);
        Seat old = node("old").seat().onGrant(leadership -> {}).start();
        Leadership leadership = old.leadership();
        old.election().close();
        assertConfirmRefused(leadership);
        expect().that(raw().records().isEmpty(), "no records", raw(), "does publish() compare with its own lock?");
        Seat next = node("next").contend();
        next.leadership();
        awaitPublished(next);
        assertConfirmRefused(leadership);
        assertOnly(next);
    }

    @Test
    @Rule("4.2")
    @DisplayName("confirm() once the lock was removed by hand fails and changes nothing")
    final void confirmWithoutTheLock() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Seat old = node("old").seat().onGrant(leadership -> {}).start();
        Leadership leadership = old.leadership();
        inject(REMOVE_LOCK);
        assertConfirmRefused(leadership);
        expect().throughout(
                        () -> raw().records().isEmpty(),
                        "no records",
                        lazily(this::raw),
                        "is publish() conditional, in the backend itself, on the lock of its own candidacy?");
    }

    private void assertConfirmRefused(Leadership leadership) {
        expect().fails(
                        leadership.confirm("tcp://late"),
                        LeadershipLostException.class,
                        "confirm() on an invalid handle fails",
                        "is publish() conditional, in the backend itself, on the lock of its own candidacy?");
    }

    private void assertOnly(Seat seat) {
        String address = seat.contender().address();
        OptionalLong publications = raw().publications();
        expect().throughout(
                        () -> raw().records().size() == 1
                                && raw().records().get(LEADER) != null
                                && raw().records().values().stream()
                                        .allMatch(record -> record.address().equals(address))
                                && raw().publications().equals(publications),
                        "the records of the present leader at " + address + ", and no others, written by nobody again",
                        lazily(() -> raw() + "; publications were at " + publications),
                        "is publish() conditional, in the backend itself, on the lock of its own candidacy?");
    }

    // ---- 4.3

    @Test
    @Rule("4.3")
    @DisplayName("The information of a leader that closes disappears at once, in the store and for followers")
    final void disappearsOnClose() {
        needs(ELECTIONS);
        Follower follower = node("follower").follow();
        Seat seat = node("a").contend();
        Leadership leadership = seat.leadership();
        expect().eventually(() -> follower.follows(leadership), "the follower sees the leader", follower, "");
        seat.election().close();
        expect().that(
                        raw().records().isEmpty() && raw().holderToken() == 0,
                        "neither records nor lock when close() has returned",
                        raw(),
                        "does close() of a driver remove the records together with the lock?");
        expect().eventually(
                        follower::seesNone,
                        "the follower sees that there is none",
                        follower,
                        "what does the watch see?");
    }

    @Test
    @Rule("4.3")
    @DisplayName("The information of a leader that resigns disappears when the stage completes")
    final void disappearsOnResign() {
        needs(ELECTIONS);
        Seat seat = scenario().nodeWith("a").slowToReturn().open().contend();
        Leadership leadership = seat.leadership();
        awaitPublished(seat);
        expect().completes(leadership.resign(), "resign() completes", "does close() of a driver complete?");
        expect().that(
                        raw().records().isEmpty() && raw().holderToken() == 0,
                        "neither records nor lock when the stage of resign() has completed",
                        raw(),
                        "does close() of a driver remove the records together with the lock?");
    }

    @Test
    @Rule("4.3")
    @DisplayName("When one component of a leader closes, its information disappears and the others' stays")
    final void oneComponentDisappears() {
        needs(ELECTIONS);
        Node node = node("a");
        Seat leaving = node.seat(ELECTION, "leaving").start();
        Seat staying = node.seat(ELECTION, "staying").start();
        Leadership leadership = staying.leadership();
        leaving.leadership();
        awaitPublished(leaving);
        awaitPublished(staying);
        leaving.election().close();
        expect().eventually(
                        () -> raw().records().keySet().equals(Set.of("staying")),
                        "the record of the component that stays",
                        lazily(this::raw),
                        "does publish() remove the records that it is not given?");
        expect().that(leadership.isValid(), "the other component leads on", staying, "");
    }

    @Test
    @Rule("4.3")
    @DisplayName("The information of a leader that was cut off disappears within the bound of a crash")
    final void disappearsWhenCutOff() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Follower follower = node("follower").follow();
        Leadership leadership = scenario()
                .nodeWith("a")
                .via(network)
                .shortLease()
                .open()
                .contend()
                .leadership();
        expect().eventually(() -> follower.follows(leadership), "the follower sees the leader", follower, "");
        network.partition();
        expect().within(
                        leaseAndPatience(),
                        follower::seesNone,
                        "the follower sees that there is none",
                        follower,
                        "do the records go with the lock when the backend lets the lease expire?");
    }

    // ---- 4.4

    @Test
    @Rule("4.4")
    @DisplayName("Deleted information of a valid leader is restored")
    final void deletedIsRestored() {
        restored(REMOVE_RECORDS);
    }

    @Test
    @Rule("4.4")
    @DisplayName("Overwritten information of a valid leader is restored")
    final void overwrittenIsRestored() {
        restored(OVERWRITE_RECORDS);
    }

    private void restored(Fault fault) {
        needs(ELECTIONS);
        needs(fault);
        Seat seat = node("a").contend();
        Leadership leadership = seat.leadership();
        awaitPublished(seat);
        for (int turn = 0; turn < 2; turn++) {
            Map<String, LeaderRecord> before = raw().records();
            inject(fault);
            expect().eventually(
                            () -> raw().records().equals(before),
                            "the records " + before + " again, after " + fault,
                            lazily(this::raw),
                            "does the driver report recordsSeen() when somebody else changes the records?");
            expect().that(
                            leadership.isValid(),
                            "the leader leads on",
                            seat,
                            "does the driver take the records for the lock?");
        }
    }

    @Test
    @Rule("4.4")
    @DisplayName("Restored information is written once, and then no more")
    final void restoredOnce() {
        needs(ELECTIONS);
        needs(REMOVE_RECORDS);
        Seat seat = node("a").contend();
        seat.leadership();
        node("standby").contend();
        awaitPublished(seat);
        OptionalLong first = raw().publications();
        if (first.isEmpty()) {
            scenario().abort("the store does not tell how often records were written");
        }
        Map<String, LeaderRecord> before = raw().records();
        inject(REMOVE_RECORDS);
        expect().eventually(
                        () -> raw().records().equals(before),
                        "the records " + before + " again",
                        lazily(this::raw),
                        "does the driver report recordsSeen() when somebody else changes the records?");
        scenario().letPass(TckTimeouts.quiet());
        OptionalLong restored = raw().publications();
        expect().throughout(
                        () -> raw().publications().equals(restored),
                        "the records are not written again and again",
                        lazily(() -> "publications were at " + first + ", then at " + restored + ", now " + raw()),
                        "does the driver report its own writes as if they were somebody else's?");
    }

    // ---- 4.5

    @Test
    @Rule("4.5")
    @DisplayName("A process whose grant was revoked leaves the successor's information alone")
    final void revokedLeavesTheSuccessorAlone() {
        needs(ELECTIONS);
        needs(REMOVE_RECORDS);
        Seat old = scenario().nodeWith("old").slowToReturn().open().contend();
        Leadership leadership = old.leadership();
        awaitPublished(old);
        Seat next = node("next").contend();
        leadership.resign();
        next.leadership();
        awaitPublished(next);
        assertOnly(next);
        inject(REMOVE_RECORDS);
        awaitPublished(next);
        assertOnly(next);
        old.election().close();
        assertOnly(next);
    }

    @Test
    @Rule("4.5")
    @DisplayName("A process that lost its lock unasked leaves the successor's information alone")
    final void loserLeavesTheSuccessorAlone() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Node oldNode = node("old");
        Seat old = oldNode.seat().leavingWhenRevoked().start();
        old.leadership();
        awaitPublished(old);
        Seat next = node("next").contend();
        inject(REMOVE_LOCK);
        next.leadership();
        awaitPublished(next);
        assertOnly(next);
        oldNode.close();
        assertOnly(next);
    }

    // ---- 4.6

    @Test
    @Rule("4.6")
    @DisplayName("A publication that arrives after its leader was superseded changes nothing")
    final void latePublicationChangesNothing() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        scenario().needsServers();
        Network network = scenario().network();
        late(network);
        Seat next = node("next").contend();
        inject(REMOVE_LOCK);
        next.leadership();
        awaitPublished(next);
        network.resume();
        assertOnly(next);
    }

    @Test
    @Rule("4.6")
    @DisplayName("A publication that arrives after the election was deleted creates nothing")
    final void latePublicationCreatesNothing() {
        needs(ELECTIONS);
        needs(WIPE);
        scenario().needsServers();
        Network network = scenario().network();
        late(network);
        inject(WIPE);
        network.resume();
        expect().throughout(
                        () -> raw().records().isEmpty(),
                        "no records",
                        lazily(this::raw),
                        "does a conditional write re-create what was deleted?");
    }

    /** A leader whose publication is on its way and will come late, after all that its process does from now on. It leaves when it is revoked. */
    private void late(Network network) {
        Seat old = scenario()
                .nodeWith("old")
                .via(network)
                .open()
                .seat()
                .onGrant(leadership -> {})
                .leavingWhenRevoked()
                .start();
        Leadership superseded = old.leadership();
        network.freeze(Direction.TO_SERVER);
        superseded.confirm("tcp://late");
        scenario().letPass(TckTimeouts.quiet());
        network.hangUp();
    }
}
