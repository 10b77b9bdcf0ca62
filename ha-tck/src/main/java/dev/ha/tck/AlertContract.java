package dev.ha.tck;

import static dev.ha.tck.Alerts.step;
import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Capability.PROCESSES;
import static dev.ha.tck.Fault.WIPE;

import dev.ha.Leadership;
import dev.ha.alert.LeaderChange;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    private Duration crashBound() {
        return scenario().can(LEASES) ? leaseAndPatience() : TckTimeouts.patience();
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

    // ---- 10.1

    @Test
    @Rule("10.1")
    @DisplayName(
            "A leader that resigns, one that leaves, and one that comes again are each told once, as what they are")
    final void resigned() {
        needs(ELECTIONS);
        Alerts alerts = node("watcher").alerts(NO_LOSS);
        Seat first = node("a").contend();
        long a = first.leadership().fencingToken();
        tells(alerts, elected(a));
        Node standby = node("b");
        Seat second = standby.contend();
        scenario().letPass(TckTimeouts.quiet()); // until it waits
        first.leadership().resign();
        long b = second.leadership().fencingToken();
        tells(alerts, elected(a), step("SWITCHED", a, b));
        first.election().close();
        second.election().close();
        long again = standby.contend().leadership().fencingToken();
        String[] all = {elected(a), step("SWITCHED", a, b), step("RE_ELECTED", b, again)};
        tells(alerts, all);
        staysAt(alerts, all);
    }

    @Test
    @Tag("once")
    @Rule("10.1")
    @DisplayName("A leader whose process is killed, and one whose process starts again on the same address")
    final void killed() {
        needs(ELECTIONS, PROCESSES);
        Alerts alerts = scenario().nodeWith("watcher").shortLease().open().alerts(NO_LOSS);
        Child child = scenario().child("a").contend();
        long a = child.leadership(crashBound()).token();
        tells(alerts, elected(a));
        Seat standby = scenario().nodeWith("b").shortLease().open().contend();
        child.kill();
        long b = standby.leadership(crashBound()).fencingToken();
        tells(alerts, elected(a), step("SWITCHED", a, b));
        standby.election().close();
        Child other = scenario().child("c").contend();
        long c = other.leadership(crashBound()).token();
        tells(alerts, elected(a), step("SWITCHED", a, b), step("SWITCHED", b, c));
        other.kill();
        long again = scenario().child("c").contend().leadership(crashBound()).token();
        String[] all = {elected(a), step("SWITCHED", a, b), step("SWITCHED", b, c), step("RE_ELECTED", c, again)};
        tells(alerts, all);
        staysAt(alerts, all);
    }

    @Test
    @Tag("once")
    @Rule("10.1")
    @DisplayName(
            "All servers are killed and started again: nothing is told of a leader that leads on, and each new grant of one that does not")
    final void backendRestarted() {
        needs(ELECTIONS);
        Servers servers = scenario().servers();
        Node node = scenario().nodeWith("a").shortLease().open();
        Seat seat = node.contend();
        long first = seat.leadership().fencingToken();
        Node watcher = scenario().nodeWith("watcher").shortLease().open();
        Follower follower = watcher.follow();
        Alerts alerts = watcher.alerts(NO_LOSS);
        tells(alerts, elected(first));
        servers.killAndStartAll();
        Duration recovery = scenario().fixture().shortestLease().multipliedBy(2).plus(TckTimeouts.servers());
        expect().within(
                        recovery,
                        () -> seat.contender()
                                .leading()
                                .filter(follower::follows)
                                .isPresent(),
                        "the leader, by a follower, when the servers are back",
                        follower + "; " + seat,
                        TOLD);
        scenario().letPass(TckTimeouts.quiet());
        List<Long> tokens = seat.contender().grants().stream()
                .map(Leadership::fencingToken)
                .filter(token -> token == first || follower.wasTold(token))
                .toList();
        List<String> all = new ArrayList<>(List.of(elected(first)));
        for (int i = 1; i < tokens.size(); i++) {
            all.add(step("RE_ELECTED", tokens.get(i - 1), tokens.get(i)));
        }
        String[] expected = all.toArray(String[]::new);
        tells(alerts, expected);
        staysAt(alerts, expected);
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
        Node watcher = scenario().nodeWith("watcher").via(network).shortLease().open();
        Follower follower = watcher.follow();
        Alerts alerts = watcher.alerts(leaseAndPatience().multipliedBy(2));
        String elected = elected(leadership.fencingToken());
        tells(alerts, elected);
        network.partition();
        scenario().letPass(SHORT_CUT);
        network.cut();
        expect().within(leaseAndPatience(), follower::seesUnknown, "Unknown without a connection", follower, TOLD);
        network.resume();
        expect().within(leaseAndPatience(), () -> follower.follows(leadership), "the leader again", follower, TOLD);
        staysAt(alerts, elected);
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
        Node watcher = scenario().nodeWith("watcher").via(network).shortLease().open();
        Follower follower = watcher.follow();
        Alerts alerts = watcher.alerts(NO_LOSS);
        tells(alerts, elected(a));
        network.partition();
        expect().within(leaseAndPatience(), follower::seesUnknown, "Unknown without a connection", follower, TOLD);
        first.election().close();
        Seat second = node("b").contend();
        long b = second.leadership().fencingToken();
        awaitPublished(second);
        network.cut();
        network.resume();
        tells(alerts, leaseAndPatience(), elected(a), step("SWITCHED", a, b));
        staysAt(alerts, elected(a), step("SWITCHED", a, b));
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
