package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.ContenderException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.tck.Scenario.Gate;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 3 of the specification. */
abstract class CallbackContract extends RuleGroup {
    private static final String ENGINE =
            "this is the engine's work; does a driver report from inside a call of the engine?";

    CallbackContract(BackendContract contract) {
        super(contract);
    }

    // ---- 3.1

    @Test
    @Rule("3.1")
    @DisplayName("Grant and revoke alternate, one at a time, while leaderships come and go quickly")
    final void grantAndRevokeAlternate() {
        List<Seat> seats = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            seats.add(node("node-" + i)
                    .seat()
                    .onGrant(leadership ->
                            LockSupport.parkNanos(Duration.ofMillis(5).toNanos()))
                    .onRevoke(leadership ->
                            LockSupport.parkNanos(Duration.ofMillis(5).toNanos()))
                    .start());
        }
        for (int turn = 0; turn < 6; turn++) {
            int before = grants(seats);
            expect().eventually(
                            () -> seats.stream()
                                    .anyMatch(seat -> seat.contender().leads()),
                            "one of the contenders leads",
                            seats,
                            "does a driver whose candidate is first report granted()?");
            seats.forEach(seat -> seat.election().leadership().ifPresent(Leadership::resign));
            expect().eventually(
                            () -> grants(seats) > before,
                            "somebody is granted after a resignation",
                            seats,
                            "can the driver of a second candidacy win?");
        }
        seats.forEach(seat -> seat.election().close());
        for (Seat seat : seats) {
            expect().that(
                            seat.contender().disorder().isEmpty(),
                            "grant and revoke alternate, one call at a time, each handle invalid before its revoke",
                            seat.contender().disorder() + "; " + seat,
                            ENGINE);
            expect().that(
                            seat.contender().grants().equals(seat.contender().revokes()),
                            "every grant has its revoke when close() has returned",
                            seat,
                            ENGINE);
        }
    }

    private static int grants(List<Seat> seats) {
        return seats.stream().mapToInt(seat -> seat.contender().grants().size()).sum();
    }

    // ---- 3.2

    @Test
    @Rule("3.2")
    @DisplayName("No callback starts after close() of the seat or of the services has returned, whenever it is called")
    final void silenceAfterClose() {
        for (int turn = 0; turn < 20; turn++) {
            Node node = node("node-" + turn);
            Seat seat = node.contend();
            if (turn % 4 == 0) {
                seat.leadership();
            } else {
                LockSupport.parkNanos(turn * 300_000L);
            }
            if (turn % 2 == 0) {
                seat.election().close();
            } else {
                node.close();
            }
            int calls = seat.contender().calls();
            expect().throughout(
                            Duration.ofMillis(20),
                            () -> seat.contender().calls() == calls,
                            "no callback starts after close() has returned",
                            seat,
                            ENGINE);
        }
    }

    // ---- 3.3

    @Test
    @Rule("3.3")
    @DisplayName("A blocked grant neither loses the leadership nor delays another election, component or follower")
    final void slowGrant() {
        Gate gate = scenario().gate();
        Node node = scenario().nodeWith("a").shortLease().open();
        Seat slow =
                node.seat(ELECTION, "slow").onGrant(leadership -> gate.pass()).start();
        Leadership leadership = slow.leadership();
        node.seat(ELECTION, "other").start().leadership();
        node.seat("other election").start().leadership();
        Follower follower = node.follow();
        expect().eventually(
                        () -> follower.last().isPresent(),
                        "a follower is told while a grant is blocked",
                        follower,
                        ENGINE);
        Duration longer =
                scenario().can(LEASES) ? scenario().fixture().shortestLease().multipliedBy(2) : TckTimeouts.quiet();
        expect().throughout(
                        longer,
                        leadership::isValid,
                        "the leadership is kept while its grant is blocked",
                        slow,
                        "is the lease renewed on a thread that runs no callbacks?");
    }

    @Test
    @Rule("3.3")
    @DisplayName("A blocked follower delays no other follower and no contender")
    final void slowFollower() {
        Gate gate = scenario().gate();
        Node node = node("a");
        AtomicInteger told = new AtomicInteger();
        node.services().leaderRetrieval(ELECTION).start(leader -> {
            told.incrementAndGet();
            gate.pass();
        });
        expect().eventually(() -> told.get() > 0, "the follower is told the present state", told, ENGINE);
        Follower follower = node.follow();
        expect().eventually(
                        () -> follower.last().isPresent(),
                        "another follower is told while the first one is blocked",
                        follower,
                        ENGINE);
        node.contend().leadership();
    }

    // ---- 3.4

    @Test
    @Rule("3.4")
    @DisplayName("close() of the seat inside grantLeadership returns, revokes and releases")
    final void closeInsideGrant() {
        Node node = node("a");
        Seat seat = node.seat();
        seat.onGrant(leadership -> seat.election().close()).start();
        assertEnds(seat, "close() inside grantLeadership");
    }

    @Test
    @Rule("3.4")
    @DisplayName("close() of the services inside grantLeadership returns, revokes and releases")
    final void closeServicesInsideGrant() throws InterruptedException {
        Node node = node("a");
        Seat seat = node.seat().onGrant(leadership -> node.close()).start();
        assertEnds(seat, "close() of the services inside grantLeadership");
        expect().that(
                        node.services().awaitClosed(TckTimeouts.patience()),
                        "the services are closed when the callback has returned",
                        "they are not after " + TckTimeouts.patience(),
                        ENGINE);
    }

    private void assertEnds(Seat seat, String what) {
        expect().eventually(
                        () -> seat.contender().revokes().size() == 1
                                && !seat.contender().busy(),
                        what + " returns, and the revoke follows",
                        seat,
                        ENGINE);
        if (scenario().can(ELECTIONS)) {
            node("next").contend().leadership();
        }
    }

    @Test
    @Rule("3.4")
    @DisplayName("close() inside revokeLeadership returns")
    final void closeInsideRevoke() {
        Node node = node("a");
        Seat seat = node.seat();
        seat.onRevoke(leadership -> seat.election().close()).start();
        seat.leadership().resign();
        expect().eventually(
                        () -> seat.contender().revokes().size() == 1
                                && !seat.contender().busy(),
                        "close() inside revokeLeadership returns",
                        seat,
                        ENGINE);
        if (scenario().can(ELECTIONS)) {
            node("next").contend().leadership();
        }
    }

    @Test
    @Rule("3.4")
    @DisplayName("resign() inside grantLeadership returns, and its stage completes")
    final void resignInsideGrant() {
        Queue<Leadership> resigned = new ConcurrentLinkedQueue<>();
        Queue<CompletionStage<Void>> stages = new ConcurrentLinkedQueue<>();
        Seat seat = node("a")
                .seat()
                .onGrant(leadership -> {
                    if (resigned.isEmpty()) {
                        resigned.add(leadership);
                        stages.add(leadership.resign());
                    }
                })
                .start();
        expect().eventually(() -> !stages.isEmpty(), "resign() inside grantLeadership returns", seat, ENGINE);
        expect().completes(stages.element(), "the stage of resign() inside grantLeadership completes", ENGINE);
        expect().eventually(
                        () -> seat.contender().grants().size() > 1,
                        "a sole contender that resigned is granted again",
                        seat,
                        "can the driver of a second candidacy win in the same process?");
    }

    @Test
    @Rule("3.4")
    @DisplayName("confirm() inside grantLeadership returns though the caller holds a lock that a revoke waits for")
    final void confirmInsideGrantUnderALock() {
        ReentrantLock lock = new ReentrantLock();
        CountDownLatch released = new CountDownLatch(1);
        Queue<CompletionStage<Void>> stages = new ConcurrentLinkedQueue<>();
        Seat seat = node("a").seat();
        seat.onGrant(leadership -> {
                    lock.lock();
                    try {
                        stages.add(leadership.confirm("tcp://a"));
                    } finally {
                        lock.unlock();
                    }
                })
                .onRevoke(leadership -> {
                    lock.lock();
                    try {
                        released.countDown();
                    } finally {
                        lock.unlock();
                    }
                })
                .start();
        expect().eventually(() -> !stages.isEmpty(), "confirm() inside grantLeadership returns", seat, ENGINE);
        expect().completes(stages.element(), "confirm() inside grantLeadership completes", "does publish() complete?");
        expect().returns(
                        () -> {
                            lock.lock();
                            try {
                                seat.election().leadership().ifPresent(Leadership::resign);
                            } finally {
                                lock.unlock();
                            }
                        },
                        "resign() returns though the caller holds a lock that the revoke waits for",
                        ENGINE);
        expect().eventually(() -> released.getCount() == 0, "the revoke gets the lock and returns", seat, ENGINE);
    }

    @Test
    @Rule("3.4")
    @DisplayName("close() of a follower and of the services inside notifyLeader returns")
    final void closeInsideNotify() {
        Node node = node("a");
        AtomicInteger returned = new AtomicInteger();
        LeaderRetrievalService service = node.services().leaderRetrieval(ELECTION);
        service.start(leader -> {
            service.close();
            node.close();
            returned.incrementAndGet();
        });
        expect().eventually(
                        () -> returned.get() == 1,
                        "close() inside notifyLeader returns, and nothing is told after it",
                        returned,
                        ENGINE);
    }

    // ---- 3.5

    @Test
    @Rule("3.5")
    @DisplayName("What a contender throws from grantLeadership reaches its own handleError; a standby leads")
    final void throwingGrant() {
        needs(ELECTIONS);
        RuntimeException thrown = new IllegalStateException("thrown by a contender of the TCK");
        Node node = scenario().nodeWith("a").slowToReturn().open();
        Seat throwing = node.seat()
                .onGrant(leadership -> {
                    throw thrown;
                })
                .start();
        Seat bystander = node.seat("another election").start();
        expect().eventually(
                        () -> contenderError(throwing).isPresent(),
                        "a ContenderException with what was thrown reaches handleError",
                        throwing,
                        ENGINE);
        expect().that(
                        contenderError(throwing)
                                .map(Throwable::getCause)
                                .filter(thrown::equals)
                                .isPresent(),
                        "the cause is what was thrown",
                        throwing,
                        ENGINE);
        Seat standby = node("standby").contend();
        standby.leadership();
        bystander.leadership();
        expect().throughout(
                        () -> throwing.contender().grants().size() == 1,
                        "a contender that threw is not granted again before resign-wait is over",
                        throwing,
                        ENGINE);
        expect().that(
                        bystander.contender().errors().isEmpty()
                                && standby.contender().errors().isEmpty(),
                        "nobody else hears of it",
                        List.of(bystander, standby),
                        ENGINE);
    }

    @Test
    @Rule("3.5")
    @DisplayName("A sole contender that throws from grantLeadership is granted again only after resign-wait")
    final void throwingAlone() {
        AtomicInteger grants = new AtomicInteger();
        Queue<Long> times = new ConcurrentLinkedQueue<>();
        Duration wait = Duration.ofMillis(500);
        Seat seat = scenario()
                .nodeWith("a")
                .with("high-availability.resign-wait", wait.toMillis() + " ms")
                .open()
                .seat()
                .onGrant(leadership -> {
                    times.add(System.nanoTime());
                    if (grants.incrementAndGet() == 1) {
                        throw new IllegalStateException("thrown by a contender of the TCK");
                    }
                })
                .start();
        expect().eventually(
                        () -> times.size() == 2,
                        "it is granted again after resign-wait",
                        seat,
                        "can the driver of a second candidacy win in the same process?");
        List<Long> granted = List.copyOf(times);
        long between = granted.get(1) - granted.get(0);
        expect().that(
                        between >= wait.toNanos(),
                        "at least " + wait.toMillis() + " ms between the two grants",
                        Duration.ofNanos(between).toMillis() + " ms",
                        ENGINE);
    }

    @Test
    @Rule("3.5")
    @DisplayName("What a contender throws from revokeLeadership or handleError affects nobody and stops nothing")
    final void throwingRevoke() {
        Seat throwing = node("a")
                .seat()
                .onRevoke(leadership -> {
                    throw new IllegalStateException("thrown by a contender of the TCK");
                })
                .start();
        throwing.leadership().resign();
        expect().eventually(
                        () -> contenderError(throwing).isPresent(),
                        "a ContenderException with what was thrown reaches handleError",
                        throwing,
                        ENGINE);
        expect().eventually(
                        () -> throwing.contender().grants().size() > 1,
                        "it contends on",
                        throwing,
                        "can the driver of a second candidacy win in the same process?");
    }

    private static Optional<HighAvailabilityException> contenderError(Seat seat) {
        return seat.contender().errors().stream()
                .filter(ContenderException.class::isInstance)
                .findFirst();
    }

    // ---- 3.6

    @Test
    @Rule("3.6")
    @DisplayName("A grant whose lock is gone before its callback could run is not delivered")
    final void staleGrantIsDropped() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Callbacks callbacks = new Callbacks();
        scenario().opened(callbacks::open);
        Node node = scenario().nodeWith("a").callbacksOn(callbacks).open();
        callbacks.shut();
        Seat seat = node.contend();
        expect().eventually(
                        () -> seat.election().leadership().isPresent(),
                        "the seat has a leadership while its callback is queued",
                        seat,
                        "does a driver whose candidate is first report granted()?");
        Leadership stale = seat.election().leadership().orElseThrow();
        inject(REMOVE_LOCK);
        awaitEnd(stale);
        callbacks.open();
        seat.leadership();
        expect().that(
                        seat.contender().grants().stream()
                                .noneMatch(grant -> grant.sessionId().equals(stale.sessionId())),
                        "the superseded grant is dropped",
                        seat,
                        ENGINE);
        expect().that(
                        seat.contender().disorder().isEmpty(),
                        "grant and revoke alternate",
                        seat.contender().disorder(),
                        ENGINE);
    }

    /** Threads that run nothing while shut. */
    private static final class Callbacks implements Executor {
        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private boolean shut;

        @Override
        public synchronized void execute(Runnable task) {
            if (shut) {
                waiting.add(task);
            } else {
                run(task);
            }
        }

        private static void run(Runnable task) {
            Thread thread = new Thread(task, "tck-callback");
            thread.setDaemon(true);
            thread.start();
        }

        synchronized void shut() {
            shut = true;
        }

        synchronized void open() {
            shut = false;
            while (!waiting.isEmpty()) {
                run(waiting.remove());
            }
        }
    }

    // ---- 3.7

    @Test
    @Rule("3.7")
    @DisplayName("On resign the lock is not released before revokeLeadership has returned")
    final void resignReleasesLast() {
        endReleasesLast(seat -> seat.leadership().resign(), "resign()");
    }

    @Test
    @Rule("3.7")
    @DisplayName("On close the lock is not released before revokeLeadership has returned")
    final void closeReleasesLast() {
        endReleasesLast(
                seat -> {
                    Thread closer = new Thread(seat.election()::close, "tck-closer");
                    closer.setDaemon(true);
                    closer.start();
                },
                "close()");
    }

    private void endReleasesLast(Consumer<Seat> end, String what) {
        needs(ELECTIONS);
        Gate gate = scenario().gate();
        Seat leader = scenario()
                .nodeWith("leader")
                .with("high-availability.close-timeout", "1 min")
                .slowToReturn()
                .open()
                .seat()
                .onRevoke(leadership -> gate.pass())
                .start();
        Leadership leadership = leader.leadership();
        Seat standby = node("standby").contend();
        end.accept(leader);
        expect().eventually(() -> leader.contender().busy(), "revokeLeadership starts on " + what, leader, ENGINE);
        expect().that(
                        leader.contender().disorder().isEmpty() && !leadership.isValid(),
                        "the handle is invalid before revokeLeadership starts",
                        leader.contender().disorder(),
                        ENGINE);
        expect().throughout(
                        () -> raw().holderToken() == leadership.fencingToken()
                                && !standby.contender().leads(),
                        "the lock is held while revokeLeadership runs",
                        lazily(() -> raw() + "; " + standby),
                        "does the driver release before close() is called?");
        gate.open();
        standby.leadership();
    }

    @Test
    @Rule("3.7")
    @DisplayName(
            "Closing the services does not free the lock of a contender that works on for longer than close-timeout")
    final void closeInVainKeepsTheLock() {
        needs(ELECTIONS, LEASES);
        Gate gate = scenario().gate();
        Node closing = scenario()
                .nodeWith("leader")
                .with("high-availability.close-timeout", "300 ms")
                .open();
        Seat leader = closing.seat().onRevoke(leadership -> gate.pass()).start();
        Leadership leadership = leader.leadership();
        Seat standby = node("standby").contend();
        closing.services().close();
        expect().throughout(
                        () -> raw().holderToken() == leadership.fencingToken()
                                && !standby.contender().leads(),
                        "the lock is held, until its lease is over",
                        lazily(() -> raw() + "; " + standby),
                        "does the backend's close() release the locks of drivers that were not closed?");
        gate.open();
    }

    @Test
    @Rule("3.7")
    @DisplayName(
            "A contender that does not return from revokeLeadership is reported, and its lock is free when its time is over")
    final void overrunIsReported() {
        needs(ELECTIONS);
        Gate gate = scenario().gate();
        Seat leader = scenario()
                .nodeWith("leader")
                .shortLease()
                .with("high-availability.close-timeout", "300 ms")
                .slowToReturn()
                .open()
                .seat()
                .onRevoke(leadership -> gate.pass())
                .start();
        Leadership leadership = leader.leadership();
        Seat standby = scenario().nodeWith("standby").shortLease().open().contend();
        leadership.resign();
        standby.leadership(leaseAndPatience());
        gate.open();
        expect().eventually(
                        () -> contenderError(leader).isPresent(),
                        "a ContenderException reports the contender that still ran",
                        leader,
                        ENGINE);
    }
}
