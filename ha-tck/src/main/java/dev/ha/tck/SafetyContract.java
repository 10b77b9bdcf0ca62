package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;
import static dev.ha.tck.Fault.WIPE;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.Health;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 1 of the specification. */
abstract class SafetyContract extends RuleGroup {
    private static final byte[] VALUE = "value".getBytes(StandardCharsets.UTF_8);
    private static final byte[] LATE = "written by a superseded leader".getBytes(StandardCharsets.UTF_8);

    SafetyContract(BackendContract contract) {
        super(contract);
    }

    // ---- 1.1

    @Test
    @Rule("1.1")
    @DisplayName("Of several contenders at most one has a valid handle while leaders resign")
    final void oneLeaderWhileLeadersResign() {
        needs(ELECTIONS);
        List<Seat> seats = seats(4);
        for (int turn = 0; turn < 8; turn++) {
            Leadership leadership = anyLeadership(seats);
            leadership.resign();
            awaitEnd(leadership);
        }
        anyLeadership(seats);
        assertOneLeader(Duration.ZERO);
    }

    @Test
    @Rule("1.1")
    @DisplayName("Of several contenders at most one has a valid handle while nothing happens")
    final void oneLeaderWhileNothingHappens() {
        needs(ELECTIONS);
        List<Seat> seats = seats(4);
        anyLeadership(seats);
        expect().throughout(
                        () -> seats.stream()
                                        .filter(seat -> seat.contender().leads())
                                        .count()
                                <= 1,
                        "at most one of four contenders leads",
                        seats,
                        "does each candidate wait for the one before it?");
        assertOneLeader(Duration.ZERO);
    }

    private void assertOneLeader(Duration allowed) {
        List<String> overlaps = scenario().validity().overlaps(allowed);
        expect().that(
                        overlaps.isEmpty(),
                        "no two handles of one election are valid at one instant",
                        overlaps,
                        "is granted() reported only when the backend itself says that this candidate holds the lock, and is"
                                + " the lease counted from the sending of the request?");
    }

    private List<Seat> seats(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> node("node-" + i).contend())
                .toList();
    }

    private Leadership anyLeadership(List<Seat> seats) {
        AtomicReference<@Nullable Leadership> found = new AtomicReference<>();
        expect().eventually(
                        () -> {
                            seats.stream()
                                    .flatMap(seat -> seat.contender().leading().stream())
                                    .findFirst()
                                    .ifPresent(found::set);
                            return found.get() != null;
                        },
                        "one of the contenders leads",
                        seats,
                        "does a driver whose candidate is first report granted()?");
        Leadership leadership = found.get();
        if (leadership == null) {
            throw new IllegalStateException("found, and not there");
        }
        return leadership;
    }

    // ---- 1.2

    @Test
    @Rule("1.2")
    @DisplayName("Tokens rise from grant to grant while leaders resign")
    final void tokensRiseWhileLeadersResign() {
        needs(ELECTIONS);
        List<Seat> seats = seats(3);
        for (int turn = 0; turn < 6; turn++) {
            Leadership leadership = anyLeadership(seats);
            leadership.resign();
            awaitEnd(leadership);
        }
        anyLeadership(seats);
        assertTokensRise();
    }

    @Test
    @Rule("1.2")
    @DisplayName("Tokens rise, or another history begins, when all processes have left and others come")
    final void tokensRiseAfterAllHaveLeft() {
        needs(ELECTIONS);
        List<Leadership> leaderships = new ArrayList<>();
        for (int turn = 0; turn < 3; turn++) {
            Node node = node("node-" + turn);
            leaderships.add(node.contend().leadership());
            node.close();
        }
        assertRising(leaderships);
    }

    @Test
    @Rule("1.2")
    @DisplayName("Tokens rise when the lock was deleted")
    final void tokensRiseAfterTheLockWasDeleted() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Seat seat = node("a").contend();
        List<Leadership> leaderships = new ArrayList<>();
        for (int turn = 0; turn < 3; turn++) {
            Leadership leadership = seat.leadership();
            leaderships.add(leadership);
            inject(REMOVE_LOCK);
            awaitEnd(leadership);
        }
        leaderships.add(seat.leadership());
        assertRising(leaderships);
    }

    @Test
    @Rule("1.2")
    @DisplayName(
            "When the data was wiped, the next grant has another history or a larger token, and never less than that")
    final void wipedDataIsAnotherHistory() {
        needs(ELECTIONS);
        needs(WIPE);
        Node node = node("a");
        Seat seat = node.contend();
        Leadership before = seat.leadership();
        awaitPublished(seat);
        inject(WIPE);
        awaitEnd(before);
        Leadership after = seat.leadership();
        assertRising(List.of(before, after));
        boolean continued = after.historyId().equals(before.historyId());
        expect().eventually(
                        () -> continued || node.services().health().status() != Health.Status.UP,
                        "health() that is not UP, since the history is another one",
                        lazily(() -> node.services().health()),
                        "is the history id created with the election, and granted as it is stored?");
    }

    private void assertTokensRise() {
        List<String> disorder = scenario().validity().tokensOutOfOrder();
        expect().that(
                        disorder.isEmpty(),
                        "each grant has a larger token than all before it",
                        disorder,
                        "is the token the backend's own revision of the lock, or stored with the lock in one step?");
    }

    private void assertRising(List<Leadership> inOrder) {
        for (int i = 1; i < inOrder.size(); i++) {
            Leadership before = inOrder.get(i - 1);
            Leadership after = inOrder.get(i);
            expect().that(
                            after.fencingToken() > before.fencingToken()
                                    || !after.historyId().equals(before.historyId()),
                            "a larger token than " + before.fencingToken() + ", or another history than "
                                    + before.historyId(),
                            "token " + after.fencingToken() + " in history " + after.historyId(),
                            "does the token outlive the lock and the processes, and the history id not outlive the data?");
        }
        assertTokensRise();
    }

    // ---- 1.3

    @Test
    @Rule("1.3")
    @DisplayName("A leader that is cut off is invalid before its successor is granted")
    final void invalidBeforeTheSuccessorWhenCutOff() {
        invalidBeforeTheSuccessor(Network::cut);
    }

    @Test
    @Rule("1.3")
    @DisplayName("A leader whose network falls silent is invalid before its successor is granted")
    final void invalidBeforeTheSuccessorWhenSilent() {
        invalidBeforeTheSuccessor(Network::partition);
    }

    private void invalidBeforeTheSuccessor(Consumer<Network> fault) {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Seat leader =
                scenario().nodeWith("leader").via(network).shortLease().open().contend();
        leader.leadership();
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        fault.accept(network);
        standby.leadership(leaseAndPatience());
        assertOneLeader(Duration.ZERO);
        network.resume();
        expect().throughout(
                        standby.contender()::leads,
                        "the successor leads on when the old leader is back",
                        List.of(leader, standby),
                        "does the old leader's client do anything with its old lock?");
        assertOneLeader(Duration.ZERO);
    }

    // ---- 1.4

    @Test
    @Rule("1.4")
    @DisplayName(
            "runIfLeader runs its action on the calling thread while the handle is valid, and passes its exception on")
    final void runsWhileValid() {
        Leadership leadership = node("a").contend().leadership();
        AtomicReference<@Nullable Thread> ranOn = new AtomicReference<>();
        leadership.runIfLeader(() -> ranOn.set(Thread.currentThread()));
        expect().that(
                        ranOn.get() == Thread.currentThread(),
                        "the action runs here",
                        "it ran on " + ranOn.get(),
                        "this is the engine's work");
        IOException thrown = new IOException("from the action");
        IOException seen = expect().thrown(
                        IOException.class,
                        () -> leadership.runIfLeader(() -> {
                            throw thrown;
                        }),
                        "the exception of the action is passed on",
                        "this is the engine's work");
        expect().that(seen == thrown, "the same exception", seen, "this is the engine's work");
    }

    @Test
    @Rule("1.4")
    @DisplayName("runIfLeader starts nothing after resign, close and the end of the services")
    final void runsNothingAfterTheEnd() {
        Seat resigning = node("resigning").contend();
        Leadership resigned = resigning.leadership();
        resigned.resign();
        assertRunsNothing(resigned, "it was resigned");
        resigning.election().close();

        Seat closing = node("closing").contend();
        Leadership closed = closing.leadership();
        closing.election().close();
        assertRunsNothing(closed, "its seat was closed");

        Node node = node("ending");
        Leadership ended = node.contend().leadership();
        node.close();
        assertRunsNothing(ended, "its services were closed");
    }

    @Test
    @Rule("1.4")
    @DisplayName("runIfLeader starts nothing when the lock is gone")
    final void runsNothingWhenTheLockIsGone() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Leadership leadership = node("a").contend().leadership();
        inject(REMOVE_LOCK);
        awaitEnd(leadership);
        assertRunsNothing(leadership, "its lock was removed");
    }

    private void assertRunsNothing(Leadership leadership, String why) {
        expect().that(
                        !leadership.isValid(),
                        "the handle is invalid once " + why,
                        leadership,
                        "this is the engine's work");
        AtomicBoolean ran = new AtomicBoolean();
        expect().thrown(
                        LeadershipLostException.class,
                        () -> leadership.runIfLeader(() -> ran.set(true)),
                        "runIfLeader refuses once " + why,
                        "this is the engine's work");
        expect().that(!ran.get(), "the action is not started once " + why, "it ran", "this is the engine's work");
    }

    // ---- 1.5

    @Test
    @Rule("1.5")
    @DisplayName("Writes under a superseded grant are refused and change nothing")
    final void supersededWritesAreRefused() {
        needs(ELECTIONS);
        Node old = node("old");
        Seat seat = old.contend();
        Leadership superseded = seat.leadership();
        EntryStore entries = old.services().stores(ELECTION).entries();
        Entry entry = expect().completes(
                        entries.create(superseded, "entry", VALUE),
                        "the leader can write",
                        "does write() compare with the present lock?");
        seat.election().close();
        node("new").contend().leadership();
        assertRefused(entries, superseded, entry);
    }

    @Test
    @Rule("1.5")
    @DisplayName("Writes that begin after the lock was removed by hand are refused and change nothing")
    final void writesWithoutTheLockAreRefused() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Node old = node("old");
        Seat seat = old.contend();
        Leadership superseded = seat.leadership();
        EntryStore entries = old.services().stores(ELECTION).entries();
        Entry entry = expect().completes(
                        entries.create(superseded, "entry", VALUE),
                        "the leader can write",
                        "does write() compare with the present lock?");
        inject(REMOVE_LOCK);
        assertRefused(entries, superseded, entry);
        anyLeadership(List.of(seat, node("new").contend()));
        assertRefused(entries, superseded, entry);
    }

    @Test
    @Rule("1.5")
    @DisplayName("Writes of a leader that can still send and was superseded meanwhile are refused")
    final void writesOfADeafLeaderAreRefused() {
        needs(ELECTIONS, LEASES);
        needs(REMOVE_LOCK);
        scenario().needsServers();
        Network network = scenario().network();
        Node old = scenario().nodeWith("old").via(network).open();
        Leadership superseded = old.contend().leadership();
        EntryStore entries = old.services().stores(ELECTION).entries();
        expect().completes(
                        entries.create(superseded, "entry", VALUE),
                        "the leader can write",
                        "does write() compare with the present lock?");
        Seat next = node("new").contend();
        network.stall(Direction.TO_CLIENT);
        inject(REMOVE_LOCK);
        next.leadership();
        entries.create(superseded, "late", LATE);
        assertNothingLate();
        network.resume();
        assertNothingLate();
    }

    private void assertRefused(EntryStore entries, Leadership superseded, Entry entry) {
        String check = "is every write conditional, in the backend itself, on the lock of its own candidacy?";
        expect().fails(
                        entries.create(superseded, "late", LATE),
                        LeadershipLostException.class,
                        "creation under a superseded grant is refused",
                        check);
        expect().fails(
                        entries.replace(superseded, entry, LATE),
                        LeadershipLostException.class,
                        "replacement under a superseded grant is refused",
                        check);
        expect().fails(
                        entries.delete(superseded, entry),
                        LeadershipLostException.class,
                        "deletion under a superseded grant is refused",
                        check);
        expect().that("value".equals(raw().entries().get("entry")), "the entry is as it was", raw().entries(), check);
        assertNothingLate();
    }

    private void assertNothingLate() {
        expect().throughout(
                        () -> !raw().entries().containsKey("late"),
                        "nothing that a superseded leader wrote is in the store",
                        lazily(() -> raw().entries()),
                        "is every write conditional, in the backend itself, on the lock of its own candidacy?");
    }

    // ---- 1.6

    @Test
    @Rule("1.6")
    @DisplayName("A handle stays invalid after resign and close, also when the same contender is granted again")
    final void invalidForEver() {
        Seat seat = node("a").contend();
        Leadership first = seat.leadership();
        first.resign();
        awaitEnd(first);
        expect().eventually(
                        () -> seat.contender().grants().size() > 1
                                && seat.contender().leads(),
                        "a sole contender that resigned is granted again",
                        seat,
                        "can the driver of a second candidacy win in the same process?");
        Leadership second = seat.leadership();
        seat.election().close();
        assertStayInvalid(first, second);
    }

    @Test
    @Rule("1.6")
    @DisplayName("A handle stays invalid when its lock was removed and won again")
    final void invalidForEverWithoutLock() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Seat seat = node("a").contend();
        Leadership first = seat.leadership();
        inject(REMOVE_LOCK);
        awaitEnd(first);
        seat.leadership();
        assertStayInvalid(first);
    }

    @Test
    @Rule("1.6")
    @DisplayName("A handle whose renewals are answered after its deadline stays invalid")
    final void lateAnswersDoNotRevive() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Network network = scenario().network();
        Seat seat = scenario().nodeWith("a").via(network).shortLease().open().contend();
        for (int turn = 0; turn < 2; turn++) {
            Leadership leadership = seat.leadership(leaseAndPatience());
            network.stall(Direction.TO_CLIENT);
            expect().within(
                            leaseAndPatience(),
                            () -> !leadership.isValid(),
                            "the handle turns invalid when no renewal is answered",
                            leadership,
                            "what extends the deadline?");
            network.resume();
            assertStayInvalid(leadership);
        }
    }

    private void assertStayInvalid(Leadership... ended) {
        expect().throughout(
                        () -> List.of(ended).stream().noneMatch(Leadership::isValid),
                        "handles that were invalid stay invalid",
                        List.of(ended),
                        "does the driver use a lease again after it was over?");
        expect().that(
                        scenario().validity().revivals().isEmpty(),
                        "handles that were invalid stay invalid",
                        scenario().validity().revivals(),
                        "does the driver use a lease again after it was over?");
    }

    // ---- 1.7

    @Test
    @Rule("1.7")
    @DisplayName(
            "When a lock is removed by hand, its holder is told within a second, and the next grant has a larger token")
    final void removedLock() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Seat holder = node("holder").contend();
        Leadership removed = holder.leadership();
        Seat standby = node("standby").contend();
        inject(REMOVE_LOCK);
        expect().within(
                        TckTimeouts.overrideOverlap().plus(TckTimeouts.quiet()),
                        () -> !removed.isValid(),
                        "the handle of a removed lock turns invalid",
                        removed,
                        "does the driver watch its own lock?");
        Leadership next = anyLeadership(List.of(holder, standby));
        expect().that(
                        next.fencingToken() > removed.fencingToken(),
                        "a larger token than " + removed.fencingToken(),
                        next.fencingToken(),
                        "is the token kept outside the lock object?");
        assertOneLeader(TckTimeouts.overrideOverlap());
    }

    // ---- 1.8

    @Test
    @Rule("1.8")
    @DisplayName("A deadline counts from the sending of the renewal, not from its answer")
    final void deadlinesCountFromSending() {
        needs(ELECTIONS, LEASES);
        scenario().needsServers();
        Duration lease = scenario().fixture().shortestLease();
        Duration delay = scenario().fixture().bearableDelay();
        Network network = scenario().network();
        Seat seat = scenario().nodeWith("a").via(network).shortLease().open().contend();
        seat.leadership();
        network.delay(Direction.TO_CLIENT, delay);
        // Answers that come from now on were all asked for a delay ago.
        scenario().letPass(lease);
        Leadership leadership = seat.leadership(leaseAndPatience());
        // Right after an answer: then a deadline that counts from the answer is at its latest.
        long answers = network.delivered(Direction.TO_CLIENT);
        expect().within(
                        lease,
                        () -> network.delivered(Direction.TO_CLIENT) > answers,
                        "the lease is renewed",
                        leadership,
                        "is there any traffic while it leads?");
        network.stall(Direction.TO_CLIENT);
        long stalled = System.nanoTime();
        expect().within(
                        leaseAndPatience(),
                        () -> !leadership.isValid(),
                        "the handle turns invalid when no renewal is answered",
                        leadership,
                        "what extends the deadline?");
        long longest = lease.minus(delay).toNanos();
        long lasted = scenario().validity().lastValid(leadership.sessionId()) - stalled;
        expect().that(
                        lasted <= longest,
                        "valid for at most the lease since the last answered renewal was sent: "
                                + Duration.ofNanos(longest).toMillis() + " ms after answers ceased",
                        "valid for " + Duration.ofNanos(lasted).toMillis() + " ms",
                        "is sentAt taken before the request leaves, and handed to renewed() unchanged?");
    }

    // ---- 1.9

    @Test
    @Rule("1.9")
    @DisplayName("Each grant has a session id and a token of its own, also in the same process and after its restart")
    final void eachGrantIsItsOwn() {
        needs(ELECTIONS);
        Set<UUID> sessions = new HashSet<>();
        Set<String> tokens = new HashSet<>();
        for (int process = 0; process < 2; process++) {
            Node node = node("node");
            Seat seat = node.contend();
            for (int turn = 0; turn < 3; turn++) {
                Leadership leadership = seat.leadership();
                expect().that(
                                sessions.add(leadership.sessionId()),
                                "a session id that was not granted before",
                                leadership.sessionId(),
                                "is Grant.of() called once per win?");
                expect().that(
                                tokens.add(leadership.historyId() + "/" + leadership.fencingToken()),
                                "a token that was not granted before",
                                leadership.fencingToken(),
                                "does each candidacy make a lock object of its own, with a nonce?");
                leadership.resign();
                awaitEnd(leadership);
            }
            node.close();
        }
    }

    @Test
    @Rule("1.9")
    @DisplayName("All components of a process share one grant")
    final void componentsShareAGrant() {
        needs(ELECTIONS);
        Node node = node("node");
        Leadership one = node.seat(ELECTION, "one").start().leadership();
        Leadership other = node.seat(ELECTION, "other").start().leadership();
        expect().that(
                        one.sessionId().equals(other.sessionId()) && one.fencingToken() == other.fencingToken(),
                        "one session id and one token",
                        one.sessionId() + " with " + one.fencingToken() + ", " + other.sessionId() + " with "
                                + other.fencingToken(),
                        "is there one candidacy per election and process?");
    }
}
