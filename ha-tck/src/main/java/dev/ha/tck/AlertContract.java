package dev.ha.tck;

import static dev.ha.tck.Alerts.step;
import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Capability.PROCESSES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.WIPE;

import dev.ha.Leadership;
import dev.ha.alert.LeaderChange;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Chapter 10 of the specification: what a monitor tells of real faults, exactly. */
abstract class AlertContract extends RuleGroup {
    private static final Duration NO_LOSS = Duration.ofHours(1);
    private static final Duration SHORT_CUT = Duration.ofSeconds(3);
    private static final String TOLD = "does the watch tell each leader that stays, with its token and session id?";

    AlertContract(BackendContract contract) {
        super(contract);
    }

    /** What a new process needs to start on a busy machine, and until the lease of a killed one is over. */
    private Duration startBound() {
        return leaseAndPatience().plus(TckTimeouts.servers());
    }

    private void tells(Alerts alerts, Duration patience, String... expected) {
        List<String> story = List.of(expected);
        expect().within(
                        patience,
                        () -> alerts.story().size() >= story.size(),
                        "exactly the alerts " + story,
                        alerts,
                        TOLD);
        expect().that(alerts.story().equals(story), "exactly the alerts " + story, alerts, TOLD);
    }

    private void tells(Alerts alerts, String... expected) {
        tells(alerts, TckTimeouts.patience(), expected);
    }

    /** And nothing more. */
    private void staysAt(Alerts alerts, String... expected) {
        List<String> story = List.of(expected);
        expect().throughout(() -> alerts.story().equals(story), "exactly the alerts " + story, alerts, TOLD);
    }

    private static String elected(long token) {
        return step("ELECTED", "", token);
    }

    /** A monitor, and a follower on the same watch. */
    private final class Watcher {
        final Follower follower;
        final Alerts alerts;

        Watcher(Node node, Duration grace) {
            follower = node.follow();
            alerts = node.alerts(grace);
        }

        Watcher(Node node) {
            this(node, NO_LOSS);
        }

        /**
         * Has told exactly the changes between all grants that its follower was told, of which the last has this token or a larger one. Who was granted what
         * is known from the contenders; on a busy machine also one that nobody touches may lose a short lease and win again.
         */
        void tellsAll(Duration patience, long token) {
            Object seen = lazily(() -> alerts + "\n  of:       " + changes());
            expect().within(
                            patience,
                            () -> follower.tokens().stream().anyMatch(told -> told >= token)
                                    && alerts.story().equals(changes()),
                            "exactly the alerts of the grants that the follower was told, up to token " + token,
                            seen,
                            TOLD);
            scenario().letPass(TckTimeouts.quiet());
            expect().eventually(() -> alerts.story().equals(changes()), "exactly the alerts, and no more", seen, TOLD);
        }

        void tellsAll(long token) {
            tellsAll(TckTimeouts.patience(), token);
        }

        private List<String> changes() {
            Set<Long> told = follower.tokens();
            return scenario().validity().changes(told::contains);
        }
    }

    // ---- 10.1

    @Test
    @Rule("10.1")
    @DisplayName(
            "A leader that resigns, one that leaves, and one that comes again are each told once, as what they are")
    final void resigned() {
        needs(ELECTIONS);
        Watcher watcher = new Watcher(node("watcher"));
        Seat first = scenario().nodeWith("a").slowToReturn().open().contend();
        watcher.tellsAll(first.leadership().fencingToken());
        Node standby = node("b");
        Seat second = standby.contend();
        scenario().letPass(TckTimeouts.quiet()); // until it waits
        first.leadership().resign();
        watcher.tellsAll(second.leadership().fencingToken());
        first.election().close();
        second.election().close();
        watcher.tellsAll(standby.contend().leadership().fencingToken());
    }

    @Test
    @Tag("once")
    @Rule("10.1")
    @DisplayName("A leader whose process is killed, and one whose process starts again on the same address")
    final void killed() {
        needs(ELECTIONS, PROCESSES);
        Watcher watcher =
                new Watcher(scenario().nodeWith("watcher").shortLease().open());
        Child child = scenario().child("a").contend();
        watcher.tellsAll(child.leadership(startBound()).token());
        Seat standby = scenario().nodeWith("b").shortLease().open().contend();
        child.kill();
        watcher.tellsAll(standby.leadership(startBound()).fencingToken());
        Child other = scenario().child("c").contend();
        standby.election().close();
        watcher.tellsAll(other.leadership(startBound()).token());
        other.kill();
        watcher.tellsAll(
                scenario().child("c").contend().leadership(startBound()).token());
    }

    @Test
    @Tag("once")
    @Rule("10.1")
    @DisplayName(
            "All servers are killed and started again: a leader that leads on is not told, each new grant of one that does not is")
    final void backendRestarted() {
        needs(ELECTIONS);
        Servers servers = scenario().servers();
        Seat seat = scenario().nodeWith("a").shortLease().open().contend();
        Watcher watcher =
                new Watcher(scenario().nodeWith("watcher").shortLease().open());
        watcher.tellsAll(seat.leadership().fencingToken());
        servers.killAndStartAll();
        Duration recovery = scenario().fixture().shortestLease().multipliedBy(2).plus(TckTimeouts.servers());
        expect().within(
                        recovery,
                        () -> seat.contender()
                                .leading()
                                .filter(watcher.follower::follows)
                                .isPresent(),
                        "the leader, by a follower, when the servers are back",
                        lazily(() -> watcher.follower + "; " + seat),
                        TOLD);
        watcher.tellsAll(seat.leadership().fencingToken());
    }

    // ---- 10.2

    @Test
    @Tag("once")
    @Rule("10.2")
    @DisplayName("The watcher's link is cut for 3 s: nothing is told")
    final void shortCut() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Leadership leadership = node("a").contend().leadership();
        Watcher watcher = new Watcher(
                scenario().nodeWith("watcher").via(network).shortLease().open(),
                leaseAndPatience().multipliedBy(2));
        Follower follower = watcher.follower;
        watcher.tellsAll(leadership.fencingToken());
        network.partition();
        scenario().letPass(SHORT_CUT);
        network.cut();
        expect().within(leaseAndPatience(), follower::seesUnknown, "Unknown without a connection", follower, TOLD);
        network.resume();
        expect().within(leaseAndPatience(), () -> follower.follows(leadership), "the leader again", follower, TOLD);
        watcher.tellsAll(leadership.fencingToken());
    }

    // ---- 10.3

    @Test
    @Tag("once")
    @Rule("10.3")
    @DisplayName("A change that takes place while the watcher's link is cut is told when it is back")
    final void changeBehindACut() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Seat first = node("a").contend();
        long a = first.leadership().fencingToken();
        Watcher watcher = new Watcher(
                scenario().nodeWith("watcher").via(network).shortLease().open());
        watcher.tellsAll(a);
        network.partition();
        expect().within(
                        leaseAndPatience(),
                        watcher.follower::seesUnknown,
                        "Unknown without a connection",
                        watcher.follower,
                        TOLD);
        first.election().close();
        Seat second = node("b").contend();
        long b = second.leadership().fencingToken();
        awaitPublished(second);
        network.cut();
        network.resume();
        watcher.tellsAll(leaseAndPatience(), b);
        expect().that(
                        watcher.alerts.story().equals(List.of(elected(a), step("SWITCHED", a, b))),
                        "exactly the alerts of a and b",
                        watcher.alerts,
                        TOLD);
    }

    // ---- 10.4

    @Test
    @Rule("10.4")
    @DisplayName("When nobody leads for the grace time, that is told once, and then the next leader")
    final void nobodyLeads() {
        needs(ELECTIONS);
        Seat first = node("a").contend();
        long a = first.leadership().fencingToken();
        Node watcher = node("watcher");
        seesLeader(watcher, first.leadership());
        Alerts alerts = watcher.alerts(TckTimeouts.quiet());
        tells(alerts, elected(a));
        first.election().close();
        String lost = step("LOST LEADERLESS", a, "");
        tells(alerts, elected(a), lost);
        scenario().letPass(TckTimeouts.quiet());
        long b = node("b").contend().leadership().fencingToken();
        tells(alerts, elected(a), lost, step("SWITCHED", a, b));
        staysAt(alerts, elected(a), lost, step("SWITCHED", a, b));
    }

    /** What its watch has told is told to the next follower at once. */
    private void seesLeader(Node watcher, Leadership leadership) {
        Follower follower = watcher.follow();
        expect().eventually(() -> follower.follows(leadership), "the leader", follower, TOLD);
    }

    @Test
    @Tag("once")
    @Rule("10.4")
    @DisplayName(
            "The watcher's link is cut for longer than the lease: it tells that it can't know, and then that the same session is back")
    final void longCut() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Leadership leadership = node("a").contend().leadership();
        Node watcher = scenario().nodeWith("watcher").via(network).shortLease().open();
        seesLeader(watcher, leadership);
        Alerts alerts = watcher.alerts(TckTimeouts.patience().dividedBy(4));
        long token = leadership.fencingToken();
        tells(alerts, elected(token));
        network.partition();
        scenario().letPass(scenario().fixture().shortestLease());
        String lost = step("LOST UNKNOWN", token, "");
        tells(alerts, leaseAndPatience(), elected(token), lost);
        network.cut();
        network.resume();
        String[] all = {elected(token), lost, step("RESTORED", token, token)};
        tells(alerts, leaseAndPatience(), all);
        staysAt(alerts, all);
    }

    // ---- 10.5

    @Test
    @Rule("10.5")
    @DisplayName("A former leader that is told again, by whatever lags behind, is no leader")
    final void stale() {
        needs(ELECTIONS);
        Node watcher = node("watcher");
        Alerts alerts =
                watcher.alerts(new StaleRetrieval(watcher.services().leaderRetrieval(Scenario.ELECTION)), NO_LOSS);
        Seat first = node("a").contend();
        long a = first.leadership().fencingToken();
        tells(alerts, elected(a));
        first.election().close();
        long b = node("b").contend().leadership().fencingToken();
        tells(alerts, elected(a), step("SWITCHED", a, b));
        staysAt(alerts, elected(a), step("SWITCHED", a, b));
    }

    // ---- 10.6

    @Test
    @Rule("10.6")
    @DisplayName("When the data were wiped, that is told with the next leader, whatever its token")
    final void wiped() {
        needs(ELECTIONS);
        needs(WIPE);
        Seat seat = node("a").contend();
        Leadership before = seat.leadership();
        Alerts alerts = node("watcher").alerts(NO_LOSS);
        tells(alerts, elected(before.fencingToken()));
        inject(WIPE);
        awaitEnd(before);
        Leadership after = seat.leadership();
        expect().eventually(
                        () -> newTokens(alerts).anyMatch(token -> token == after.fencingToken()),
                        "the leader of the new history",
                        alerts,
                        TOLD);
        boolean continued = after.fencingToken() > before.fencingToken()
                && after.historyId().equals(before.historyId());
        expect().that(
                        continued
                                || alerts.told().stream()
                                        .anyMatch(told -> told.type() == LeaderChange.Type.HISTORY_RESET),
                        "HISTORY_RESET, since the history is another one",
                        alerts,
                        "does the watch report the history id that is stored with the election?");
    }

    private static Stream<Long> newTokens(Alerts alerts) {
        return alerts.told().stream()
                .skip(1)
                .flatMap(told -> told.newLeader().stream())
                .map(leader -> leader.fencingToken());
    }
}
