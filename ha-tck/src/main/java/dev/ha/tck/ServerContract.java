package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;

import dev.ha.Health;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.store.EntryStore;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import dev.ha.tck.ServerNetwork.Cut;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Those rules of chapter 9 for which harm is done to the servers. */
abstract class ServerContract extends RuleGroup {
    private static final String EVIDENCE =
            "is a lease renewed only by what the server that decides has confirmed, or by any answer of any server?";
    private static final String WATCH = "does the watch connect again, and report what it has read after that?";

    /** Enough changes that what comes after a restore has smaller revisions and tokens than what came before. */
    private static final int CHANGES = 100;

    ServerContract(BackendContract contract) {
        super(contract);
    }

    private Duration lease() {
        return scenario().fixture().shortestLease();
    }

    /** A leader is succeeded within a lease; the servers may have to find another one of them first, and start each lease anew then (rule 2.3). */
    private Duration successionBound() {
        return lease().multipliedBy(2).plus(TckTimeouts.servers());
    }

    private Servers serversToHarm() {
        needs(ELECTIONS, LEASES);
        Servers servers = scenario().servers();
        if (servers.count() < 2) {
            scenario().abort("the backend has one server only, so there is nobody who could go on without it");
        }
        return servers;
    }

    private void assertSafe() {
        expect().that(
                        scenario().validity().overlaps(Duration.ZERO).isEmpty(),
                        "the leader's handle is invalid before its successor is granted",
                        lazily(() -> scenario().validity().overlaps(Duration.ZERO)),
                        EVIDENCE);
        assertNoRevival();
        expect().that(
                        scenario().validity().tokensOutOfOrder().isEmpty(),
                        "each grant has a larger token than all before it",
                        lazily(() -> scenario().validity().tokensOutOfOrder()),
                        "is the token of the server that decides?");
    }

    private void assertNoRevival() {
        expect().that(
                        scenario().validity().revivals().isEmpty(),
                        "handles that were invalid stay invalid",
                        lazily(() -> scenario().validity().revivals()),
                        "does the driver use a lease again after it was over?");
    }

    /** A leader whose process knows of one server only, the one that is done harm to, and a standby that knows of the others only. */
    private final class Parties {
        final Network link;
        final Seat bound;
        final Leadership leadership;
        final Seat standby;
        private final Follower follower;

        Parties(Servers servers, ServerProcess victim) {
            link = scenario().networkTo(servers.only(victim));
            Node node = scenario().nodeWith("bound").via(link).shortLease().open();
            bound = node.contend();
            leadership = bound.leadership();
            follower = node.follow();
            Node other = scenario()
                    .nodeWith("standby")
                    .to(servers.allBut(victim))
                    .shortLease()
                    .open();
            standby = other.contend();
            List<Follower> followers = List.of(follower, other.follow());
            expect().eventually(
                            () -> followers.stream().allMatch(told -> told.follows(leadership)),
                            "the leader, by followers on all servers",
                            followers,
                            WATCH);
        }

        /** The standby leads, and has done so for a moment, in which the old leader's handle is seen to be invalid. */
        void assertSucceeded() {
            Leadership unusedNext = standby.leadership(successionBound());
            scenario().letPass(TckTimeouts.quiet());
            assertSafe();
        }

        /** Nothing is left of the fault: the process that was hit sees the new leader, and leads again when that one leaves. */
        void assertRecovered() {
            expect().within(
                            successionBound(),
                            () -> standby.contender()
                                    .leading()
                                    .filter(follower::follows)
                                    .isPresent(),
                            "the new leader, by a follower in the process of the old one",
                            lazily(() -> follower + "; " + standby),
                            WATCH);
            standby.election().close();
            Leadership again = bound.leadership(successionBound());
            expect().eventually(() -> follower.follows(again), "the recovered leader", follower, WATCH);
            assertSafe();
        }
    }

    // ---- 9.3

    @Test
    @Rule("9.3")
    @DisplayName(
            "The server that decides is stopped for longer than the lease, and continued: a leader on it is succeeded")
    final void decidingServerStopped() {
        Servers servers = serversToHarm();
        stopLong(servers, servers.deciding());
    }

    @Test
    @Rule("9.3")
    @DisplayName("Another server is stopped for longer than the lease, and continued: a leader on it is succeeded")
    final void followingServerStopped() {
        Servers servers = serversToHarm();
        stopLong(servers, servers.following());
    }

    private void stopLong(Servers servers, ServerProcess victim) {
        Parties parties = new Parties(servers, victim);
        servers.harm(victim::pause);
        parties.assertSucceeded();
        servers.harm(victim::resume);
        parties.assertRecovered();
    }

    @Test
    @Rule("9.3")
    @DisplayName("The server that decides is stopped, continued before its leader's lease is over, and cut off from it")
    final void decidingServerStoppedForAMoment() {
        Servers servers = serversToHarm();
        stopShort(servers, servers.deciding());
    }

    @Test
    @Rule("9.3")
    @DisplayName("Another server is stopped, continued before its leader's lease is over, and cut off from it")
    final void followingServerStoppedForAMoment() {
        Servers servers = serversToHarm();
        stopShort(servers, servers.following());
    }

    /**
     * What the server had queued is answered while the handle is still valid: the most dangerous moment to believe it. Cut off soon after, the client neither hears
     * better nor can give its lock away.
     */
    private void stopShort(Servers servers, ServerProcess victim) {
        Parties parties = new Parties(servers, victim);
        Duration moment = lease().dividedBy(20);
        Duration last = moment.multipliedBy(3);
        servers.harm(victim::pause);
        boolean unusedIsNear =
                Expect.await(lease(), () -> parties.leadership.remaining().compareTo(last) < 0);
        servers.harm(victim::resume);
        scenario().letPass(moment);
        parties.link.partition();
        parties.assertSucceeded();
        parties.link.cut();
        parties.link.resume();
        parties.assertRecovered();
    }

    // ---- 9.6

    @Test
    @Rule("9.6")
    @DisplayName("A leader's server neither hears the others nor is heard by them")
    final void serverIsolated() {
        apart(Cut.BOTH);
    }

    @Test
    @Rule("9.6")
    @DisplayName("A leader's server does not hear the others, and is heard by them")
    final void serverDeaf() {
        apart(Cut.INCOMING);
    }

    @Test
    @Rule("9.6")
    @DisplayName("A leader's server hears the others, and is not heard by them")
    final void serverMute() {
        apart(Cut.OUTGOING);
    }

    /** The client talks to the server that is cut off until shortly before the others take its lease for over. */
    private void apart(Cut cut) {
        Servers servers = serversToHarm();
        ServerNetwork network = serverNetwork();
        ServerProcess victim = servers.following();
        Parties parties = new Parties(servers, victim);
        servers.harm(() -> network.isolate(victim, cut));
        scenario().letPass(lease().multipliedBy(17).dividedBy(20));
        parties.link.partition(); // or it might hear from its server what has happened
        parties.assertSucceeded();
        assertCutOff(victim);
        servers.harm(network::heal);
        parties.link.cut();
        parties.link.resume();
        parties.assertRecovered();
    }

    @Test
    @Rule("9.6")
    @DisplayName("A leader's server is the one that decides, and is cut off from all others, which find another one")
    final void decidingServerIsolated() {
        Servers servers = serversToHarm();
        ServerNetwork network = serverNetwork();
        ServerProcess victim = servers.deciding();
        Parties parties = new Parties(servers, victim);
        servers.harm(() -> network.isolate(victim, Cut.BOTH));
        parties.assertSucceeded();
        assertCutOff(victim);
        servers.harm(network::heal);
        parties.assertRecovered();
    }

    /** Nothing is proved by a cut that does not cut. */
    private void assertCutOff(ServerProcess victim) {
        expect().within(
                        TckTimeouts.servers(),
                        () -> !victim.serves(),
                        "the server that is cut off serves no more",
                        "it serves",
                        "this is the fixture's work: do the servers find a way around its proxies?");
    }

    private ServerNetwork serverNetwork() {
        Optional<ServerNetwork> network = scenario().fixture().serverNetwork();
        if (network.isEmpty()) {
            scenario().abort("the fixture can't cut servers off from each other");
        }
        return network.orElseThrow();
    }

    // ---- 9.9

    @Test
    @Rule("9.9")
    @DisplayName(
            "Servers are restored to older data, and then to none, while clients are connected: all recover, and are told")
    final void restoredSnapshot() {
        needs(ELECTIONS);
        Servers servers = scenario().servers();
        Optional<ServerData> offered = scenario().fixture().serverData();
        if (offered.isEmpty()) {
            scenario().abort("the fixture can't put older data back");
        }
        ServerData data = offered.orElseThrow();
        List<Member> members = List.of(new Member("a"), new Member("b"));
        Member unusedLeader = settled(members);
        servers.harm(data::save);
        servers.awaitAllWell();
        // What is saved has another leader. Whoever leads may be in it as a contender that waits: its lock is not
        // brought back with what it wrote.
        settled(members).leadership().resign();
        boolean unusedAsTheStoreHasIt = setBack(servers, data::restore, members);
        boolean distinct = setBack(servers, data::wipe, members);
        expect().that(
                        distinct,
                        "another history id or a larger token when there was nothing left to continue",
                        members,
                        "is the history id random, and made with the data?");
    }

    /** A process that contends and follows. */
    private final class Member {
        final Node node;
        final Seat seat;
        final Follower follower;
        private int forgotten;

        Member(String name) {
            node = scenario().nodeWith(name).shortLease().open();
            seat = node.contend();
            follower = node.follow();
        }

        Leadership leadership() {
            return seat.contender().leading().orElseThrow(() -> expect().broken(
                            "it keeps the leadership", seat, "why did it lose it?"));
        }

        void writes(int entries) {
            EntryStore store = node.services().stores(Scenario.ELECTION).entries();
            for (int i = 0; i < entries; i++) {
                expect().completes(
                                store.create(leadership(), "entry-" + i, new byte[] {1}),
                                "the leader can write",
                                "why does write() refuse the holder of the lock?");
            }
        }

        boolean wasToldOfReset() {
            return node.services().health().status() != Health.Status.UP
                    && follower.told().stream().skip(forgotten).anyMatch(told -> told.reason() == Reason.HISTORY_RESET);
        }

        /** What it was told until now does not count. */
        void forget() {
            forgotten = follower.told().size();
        }

        @Override
        public String toString() {
            return seat + "; " + follower + "; health " + node.services().health();
        }
    }

    /** The one that leads and is seen to lead by all, as soon as there is one; the servers must be well. */
    private Member settled(List<Member> members) {
        expect().within(
                        lease().multipliedBy(2).plus(TckTimeouts.patience()),
                        () -> followed(members).isPresent(),
                        "one of the contenders leads, and all followers see it",
                        members,
                        "does a client give up a session that the servers do not know, and believe an authoritative read more than its memory?");
        return followed(members)
                .orElseThrow(() -> expect().broken("it keeps the leadership", members, "why did it lose it?"));
    }

    private static Optional<Member> followed(List<Member> members) {
        return members.stream()
                .filter(member -> member.seat
                        .contender()
                        .leading()
                        .filter(leadership -> members.stream().allMatch(each -> each.follower.follows(leadership)))
                        .isPresent())
                .findFirst();
    }

    /** True when the grants after it are told from those before it by token and history id, whoever compares them (rule 1.2). */
    private boolean setBack(Servers servers, Servers.Harm deed, List<Member> members) {
        Member leader = settled(members);
        Leadership before = leader.leadership();
        leader.writes(CHANGES);
        servers.harm(deed);
        servers.awaitAllWell();
        expect().within(
                        successionBound(),
                        () -> !before.isValid(),
                        "the handle of a leader turns invalid when its lock is not in the data any more",
                        members,
                        "does the driver look for its own lock after a reconnect?");
        Leadership after = settled(members).leadership();
        // Rule 1.7: who restores data takes leaderships away, and may do so before they can know.
        expect().that(
                        scenario().validity().overlaps(lease()).isEmpty(),
                        "two handles are valid for no longer than the remaining lease of the older",
                        lazily(() -> scenario().validity().overlaps(lease())),
                        EVIDENCE);
        assertNoRevival();
        boolean sameHistory = after.historyId().equals(before.historyId());
        boolean continued = sameHistory && after.fencingToken() > before.fencingToken();
        for (Member member : members) {
            expect().eventually(
                            () -> continued || member.wasToldOfReset(),
                            "a state with the reason HISTORY_RESET, and health() that is not UP, as token "
                                    + after.fencingToken() + " of history " + after.historyId()
                                    + " does not continue token " + before.fencingToken() + " of history "
                                    + before.historyId(),
                            member,
                            "are revision, token and history id those of the store?");
            member.forget();
        }
        return continued || !sameHistory;
    }
}
