package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.WIPE;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 5 of the specification. */
abstract class RetrievalContract extends RuleGroup {
    private static final int MANY = 50;
    private static final String WATCH = "does the watch report the whole state at first and at each change?";

    RetrievalContract(BackendContract contract) {
        super(contract);
    }

    // ---- 5.1

    @Test
    @Rule("5.1")
    @DisplayName("A follower of an election that nobody has ever contended for is told that there is no leader")
    final void toldNone() {
        needs(ELECTIONS);
        Follower follower = node("a").follow();
        expect().eventually(follower::seesNone, "None, as the first state", follower, WATCH);
        expect().that(follower.told().size() == 1, "one state", follower, WATCH);
    }

    @Test
    @Rule("5.1")
    @DisplayName("A follower that comes later is told the present leader first")
    final void toldPresentLeader() {
        needs(ELECTIONS);
        Seat seat = node("a").contend();
        Leadership leadership = seat.leadership();
        awaitPublished(seat);
        Follower follower = node("b").follow();
        expect().eventually(() -> follower.last().isPresent(), "the present leader", follower, WATCH);
        expect().that(follower.follows(leadership), "the present leader as the first state", follower, WATCH);
        expect().throughout(() -> follower.told().size() == 1, "one state", follower, WATCH);
    }

    @Test
    @Rule("5.1")
    @DisplayName("A follower is told every leader that stays, in order, and nothing twice in a row")
    final void toldEachLeader() {
        needs(ELECTIONS);
        Node followers = node("followers");
        Follower follower = followers.follow();
        List<Leadership> leaderships = new ArrayList<>();
        for (int turn = 0; turn < 4; turn++) {
            Seat seat = node("node-" + turn).contend();
            Leadership leadership = seat.leadership();
            leaderships.add(leadership);
            expect().eventually(() -> follower.follows(leadership), "the leader " + seat, follower, WATCH);
            seat.election().close();
            expect().eventually(follower::seesNone, "None when the leader has left", follower, WATCH);
        }
        List<Long> tokens = follower.told().stream()
                .flatMap(told -> told.leader().stream())
                .map(Leader::fencingToken)
                .toList();
        expect().that(
                        tokens.equals(leaderships.stream()
                                .map(Leadership::fencingToken)
                                .toList()),
                        "each leader once, in order",
                        follower,
                        WATCH);
        expect().that(follower.disorder().isEmpty(), "no state twice in a row", follower.disorder(), WATCH);
    }

    @Test
    @Rule("5.1")
    @DisplayName("current(), leader() and read() agree with what the listener is told")
    final void askingAgrees() {
        needs(ELECTIONS);
        Node node = node("b");
        Follower follower = node.follow();
        expect().eventually(follower::seesNone, "None at first", follower, WATCH);
        CompletionStage<Leader> next = follower.service().leader();
        Seat seat = node("a").contend();
        Leadership leadership = seat.leadership();
        expect().that(
                        expect().completes(next, "leader() completes with the next leader", WATCH)
                                .sessionId()
                                .equals(leadership.sessionId()),
                        "the leader that was granted",
                        next,
                        WATCH);
        expect().eventually(
                        () -> is(Optional.of(follower.service().current()), leadership),
                        "current() gives the leader",
                        lazily(() -> follower.service().current()),
                        WATCH);
        LeaderInformation read =
                expect().completes(follower.service().read(), "read() completes", "does read() ask the backend?");
        expect().that(is(Optional.of(read), leadership), "read() gives the leader", read, "what does read() ask?");
    }

    @Test
    @Rule("5.1")
    @DisplayName("read() sees at once what confirm() has published, and that a leader has left")
    final void readIsAuthoritative() {
        needs(ELECTIONS);
        LeaderRetrievalService service = node("b").services().leaderRetrieval(Scenario.ELECTION);
        String check = "does read() ask the authority itself, never a cache or a replica that may lag?";
        for (int turn = 0; turn < 5; turn++) {
            Seat seat = node("node-" + turn).seat().onGrant(leadership -> {}).start();
            Leadership leadership = seat.leadership();
            expect().completes(leadership.confirm("tcp://" + turn), "confirm() completes", "does publish() complete?");
            LeaderInformation present = expect().completes(service.read(), "read() completes", check);
            expect().that(is(Optional.of(present), leadership), "the leader that has confirmed", present, check);
            seat.election().close();
            LeaderInformation gone = expect().completes(service.read(), "read() completes", check);
            expect().that(gone instanceof None, "None once the leader has closed", gone, check);
        }
    }

    private static boolean is(Optional<LeaderInformation> told, Leadership leadership) {
        return told.flatMap(LeaderInformation::leader)
                .filter(leader -> leader.sessionId().equals(leadership.sessionId()))
                .isPresent();
    }

    // ---- 5.2

    @Test
    @Rule("5.2")
    @DisplayName("A follower that can't reach the backend is told Unknown, with the last leader, and never None")
    final void unknownWithoutBackend() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Leadership leadership = node("a").contend().leadership();
        Follower follower =
                scenario().nodeWith("b").via(network).shortLease().open().follow();
        expect().eventually(() -> follower.follows(leadership), "the leader", follower, WATCH);
        network.partition();
        expect().within(
                        leaseAndPatience(),
                        follower::seesUnknown,
                        "Unknown when the backend can't be reached",
                        follower,
                        "does the backend notice a silent connection within a lease, and report it?");
        expect().that(
                        follower.last()
                                .filter(told -> told instanceof Unknown unknown
                                        && unknown.last()
                                                .filter(last -> last.sessionId().equals(leadership.sessionId()))
                                                .isPresent())
                                .isPresent(),
                        "Unknown with the last leader",
                        follower,
                        "this is the engine's work");
        expect().fails(
                        follower.service().read(),
                        UnavailableException.class,
                        "read() fails when the backend can't be reached",
                        "does read() have a time-out?");
        network.resume();
        expect().within(
                        leaseAndPatience(),
                        () -> follower.follows(leadership),
                        "the same leader again when the backend can be reached",
                        follower,
                        "does the watch read again after an outage?");
        expect().that(
                        follower.told().stream().noneMatch(None.class::isInstance),
                        "never None, since there was always a leader",
                        follower,
                        "is a failed read taken for an empty one?");
    }

    // ---- 5.3

    @Test
    @Rule("5.3")
    @DisplayName("Nothing is told after close() of the follower or of the services has returned")
    final void silenceAfterClose() {
        needs(ELECTIONS);
        Node node = node("b");
        Follower closed = node.follow();
        Follower ended = node.follow();
        expect().eventually(closed::seesNone, "None at first", closed, WATCH);
        expect().eventually(ended::seesNone, "None at first", ended, WATCH);
        closed.service().close();
        Seat first = node("a").contend();
        Leadership leadership = first.leadership();
        expect().eventually(() -> ended.follows(leadership), "the leader", ended, WATCH);
        node.close();
        int told = ended.told().size();
        first.election().close();
        node("c").contend().leadership();
        expect().throughout(
                        () -> closed.told().size() == 1 && ended.told().size() == told,
                        "nothing is told after close() has returned",
                        List.of(closed, ended),
                        "this is the engine's work");
    }

    // ---- 5.4

    @Test
    @Rule("5.4")
    @DisplayName("Many followers of an election in one process are each told as if they were alone, while others close")
    final void manyFollowers() {
        needs(ELECTIONS);
        Node node = node("b");
        List<Follower> followers = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            followers.add(node.follow());
        }
        followers.forEach(follower -> expect().eventually(follower::seesNone, "None at first", follower, WATCH));
        List<Follower> leaving = followers.subList(0, MANY / 2);
        List<Follower> staying = followers.subList(MANY / 2, MANY);
        leaving.forEach(follower -> follower.service().close());
        Leadership leadership = node("a").contend().leadership();
        staying.forEach(
                follower -> expect().eventually(() -> follower.follows(leadership), "the leader", follower, WATCH));
        staying.forEach(follower -> follower.service().close());
        Follower last = node.follow();
        expect().eventually(
                        () -> last.follows(leadership),
                        "the leader, by a follower that came when all others had left",
                        last,
                        "can an election be watched again after its watch was closed?");
    }

    // ---- 5.5

    @Test
    @Rule("5.5")
    @DisplayName("When the data was wiped, a follower is not stuck on the old leader, and is told of the reset")
    final void wipedHistoryIsTold() {
        needs(ELECTIONS);
        needs(WIPE);
        Seat seat = node("a").contend();
        Leadership before = seat.leadership();
        Follower follower = node("b").follow();
        expect().eventually(() -> follower.follows(before), "the leader", follower, WATCH);
        inject(WIPE);
        awaitEnd(before);
        Leadership after = seat.leadership();
        expect().eventually(
                        () -> follower.follows(after),
                        "the leader of the new history",
                        follower,
                        "does the watch survive the removal of what it watches?");
        boolean continued = after.fencingToken() > before.fencingToken()
                && after.historyId().equals(before.historyId());
        expect().that(
                        continued || follower.told().stream().anyMatch(told -> told.reason() == Reason.HISTORY_RESET),
                        "a state with the reason HISTORY_RESET, since the history is another one",
                        follower,
                        "does the watch report the history id that is stored with the election?");
    }

    @Test
    @Rule("5.5")
    @DisplayName("A follower is never told a smaller token of the same history")
    final void tokensNeverFall() {
        needs(ELECTIONS);
        Follower follower = node("follower").follow();
        Seat one = node("one").contend();
        Seat other = node("other").contend();
        for (int turn = 0; turn < 8; turn++) {
            expect().eventually(
                            () -> one.contender().leads() || other.contender().leads(),
                            "one of the contenders leads",
                            List.of(one, other),
                            "can the driver of a second candidacy win?");
            List.of(one, other).forEach(seat -> seat.election().leadership().ifPresent(Leadership::resign));
        }
        expect().eventually(() -> follower.last().isPresent(), "a state", follower, WATCH);
        List<Leader> leaders =
                follower.told().stream().flatMap(told -> told.leader().stream()).toList();
        for (int i = 1; i < leaders.size(); i++) {
            Leader before = leaders.get(i - 1);
            Leader after = leaders.get(i);
            expect().that(
                            after.fencingToken() >= before.fencingToken()
                                    || !after.historyId().equals(before.historyId()),
                            "no smaller token of the same history",
                            before + " and then " + after,
                            "do revisions grow with every change?");
        }
    }

    // ---- 5.6

    @Test
    @Rule("5.6")
    @DisplayName("After a reconnect a follower is told the present leader, and none that was superseded meanwhile")
    final void nothingSupersededAfterReconnect() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Seat old = node("old").contend();
        Leadership superseded = old.leadership();
        Follower follower =
                scenario().nodeWith("b").via(network).shortLease().open().follow();
        expect().eventually(() -> follower.follows(superseded), "the leader", follower, WATCH);
        network.partition();
        expect().within(
                        leaseAndPatience(),
                        follower::seesUnknown,
                        "Unknown when the backend can't be reached",
                        follower,
                        "");
        old.election().close();
        Seat next = node("next").contend();
        Leadership leadership = next.leadership();
        awaitPublished(next);
        int before = follower.told().size();
        network.cut();
        network.resume();
        expect().within(
                        leaseAndPatience(),
                        () -> follower.follows(leadership),
                        "the present leader when the backend can be reached",
                        follower,
                        "does the watch read again after an outage?");
        expect().that(
                        follower.told().stream().skip(before).noneMatch(told -> is(Optional.of(told), superseded)),
                        "not the leader that was superseded before the reconnect",
                        follower,
                        "is what is reported first after an outage read after it?");
    }
}
