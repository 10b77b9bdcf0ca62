package dev.ha.core.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Reason;
import dev.ha.alert.AlertPolicy;
import dev.ha.alert.DeliveryPolicy;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChangeMonitor;
import dev.ha.alert.LeaderChangeMonitor.Deliveries;
import dev.ha.alert.TryAgainException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Queues, threads and tries of the sinks; who is told what is {@link LeaderChangesTest}'s. */
@Timeout(60)
final class MonitorTest {
    private static final EnumSet<LeaderChange.Type> ALL = EnumSet.allOf(LeaderChange.Type.class);
    private static final AlertPolicy EVERYTHING = AlertPolicy.DEFAULT.withTypes(ALL);
    private static final DeliveryPolicy QUICK =
            DeliveryPolicy.DEFAULT.withWaits(Duration.ofMillis(5), Duration.ofMillis(20));

    /** What a monitor follows, by hand. */
    private static final class Told implements LeaderRetrievalService {
        private @Nullable LeaderRetrievalListener listener;
        private boolean closed;

        void leader(long token) {
            tell(new Leader(new UUID(0, token), token, "http://" + token, "h", Reason.CONFIRMED));
        }

        void tell(LeaderInformation information) {
            Objects.requireNonNull(listener).notifyLeader(information);
        }

        @Override
        public void start(LeaderRetrievalListener listener) {
            if (this.listener != null) {
                throw new IllegalStateException("started already");
            }
            this.listener = listener;
        }

        @Override
        public LeaderInformation current() {
            return new Unknown(Instant.EPOCH, Optional.empty(), Reason.INITIAL);
        }

        @Override
        public CompletionStage<Leader> leader() {
            return new CompletableFuture<>();
        }

        @Override
        public CompletionStage<LeaderInformation> read() {
            return new CompletableFuture<>();
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final Told told = new Told();
    private final List<Long> taken = new CopyOnWriteArrayList<>();

    private LeaderChangeMonitor.Builder monitor() {
        return LeaderChangeMonitor.on(told, "reports", "leader")
                .policy(EVERYTHING)
                .delivery(QUICK);
    }

    private void take(LeaderChange change) {
        taken.add(change.newLeader().map(Leader::fencingToken).orElse(0L));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    @Test
    void sinksGetTheTypesTheyWantInOrder() throws InterruptedException {
        List<LeaderChange.Type> lost = new CopyOnWriteArrayList<>();
        AlertPolicy policy = AlertPolicy.DEFAULT.withGrace(Duration.ZERO);
        try (LeaderChangeMonitor monitor = LeaderChangeMonitor.on(told, "reports", "leader")
                .policy(policy)
                .sink("default", this::take)
                .sink("all", change -> lost.add(change.type()), ALL)
                .start()) {
            await(() -> lost.size() == 1); // nobody yet, and no grace
            told.leader(1);
            told.leader(2);
            told.leader(3);
            await(() -> taken.equals(List.of(0L, 2L, 3L)) && lost.size() == 4);
            assertThat(monitor.deliveries())
                    .containsExactly(new Deliveries("default", 3, 0, 0, 0), new Deliveries("all", 4, 0, 0, 0));
        }
        assertThat(told.closed).isTrue();
    }

    @Test
    void theGraceTimeEndsByItself() throws InterruptedException {
        try (LeaderChangeMonitor monitor = monitor()
                .policy(EVERYTHING.withGrace(Duration.ofMillis(50)))
                .sink("here", this::take)
                .start()) {
            told.leader(1);
            told.tell(new None(Reason.EXPIRED));
            await(() -> taken.equals(List.of(1L, 0L)) || taken.equals(List.of(0L, 1L, 0L)));
            assertThat(monitor.deliveries().get(0).failed()).isZero();
        }
    }

    @Test
    void aDeadSinkDelaysNobodyAndItsOldestAlertsAreDropped() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        LeaderChangeMonitor monitor = monitor()
                .delivery(QUICK.withCapacity(3).withCloseTimeout(Duration.ofMillis(50)))
                .sink("dead", change -> never.await())
                .sink("alive", this::take)
                .start();
        told.leader(1);
        await(() -> monitor.deliveries().get(0).waiting() == 1 && taken.size() == 1);
        for (long token = 2; token <= 10; token++) {
            told.leader(token);
            int expected = (int) token;
            await(() -> taken.size() == expected);
        }
        assertThat(monitor.deliveries().get(0)).isEqualTo(new Deliveries("dead", 0, 0, 6, 4));
        long dead = threads("dead");
        assertThat(dead).isEqualTo(1);
        monitor.close();
        assertThat(monitor.deliveries())
                .containsExactly(new Deliveries("dead", 0, 0, 10, 0), new Deliveries("alive", 10, 0, 0, 0));
        await(() -> threads("dead") == 0 && threads("alive") == 0 && threads("timer") == 0);
    }

    private static long threads(String end) {
        Thread[] all = new Thread[Thread.activeCount() + 50];
        int count = Thread.enumerate(all);
        return Stream.of(all)
                .limit(count)
                .filter(thread -> thread.getName().matches("ha-alert-\\d+-" + end))
                .count();
    }

    @Test
    void whatCanBeTriedAgainIsAndWhatCanNotIsGivenUp() throws InterruptedException {
        int[] tries = new int[1];
        try (LeaderChangeMonitor monitor = monitor()
                .sink("here", change -> {
                    if (change.newLeader().orElseThrow().fencingToken() == 2) {
                        throw new IllegalStateException("no such room");
                    }
                    if (tries[0]++ < 5) {
                        throw new TryAgainException("down");
                    }
                    Thread.currentThread().interrupt(); // as careless sinks leave it
                    take(change);
                })
                .start()) {
            told.leader(1);
            told.leader(2);
            told.leader(3);
            await(() -> monitor.deliveries().get(0).equals(new Deliveries("here", 2, 1, 0, 0)));
            assertThat(taken).containsExactly(1L, 3L);
        }
    }

    @Test
    void anAlertThatIsTooOldIsGivenUpAndSoIsOneWhoseSinkAsksForMoreTimeThanThat() throws InterruptedException {
        DeliveryPolicy impatient = QUICK.withGiveUpAfter(Duration.ofMillis(100));
        try (LeaderChangeMonitor monitor = monitor()
                .delivery(impatient)
                .sink("down", change -> {
                    throw new TryAgainException("down");
                })
                .sink("busy", change -> {
                    throw new TryAgainException("busy", Duration.ofDays(1));
                })
                .start()) {
            told.leader(1);
            await(() -> monitor.deliveries()
                    .equals(List.of(new Deliveries("down", 0, 1, 0, 0), new Deliveries("busy", 0, 1, 0, 0))));
        }
    }

    @Test
    void aSinkThatAsksForAgesHoldsUpNothing() throws InterruptedException {
        List<Duration> ages = List.of(Duration.ofSeconds(Long.MAX_VALUE), Duration.ofNanos(Long.MAX_VALUE));
        try (LeaderChangeMonitor monitor = monitor()
                .delivery(QUICK.withGiveUpAfter(Duration.ZERO))
                .sink("busy", change -> {
                    int token = (int) change.newLeader().orElseThrow().fencingToken();
                    throw new TryAgainException("busy", ages.get(token % ages.size()));
                })
                .start()) {
            told.leader(1);
            told.leader(2);
            await(() -> monitor.deliveries().get(0).equals(new Deliveries("busy", 0, 2, 0, 0)));
        }
    }

    @Test
    void theTimeThatASinkAsksForIsLeftToIt() throws InterruptedException {
        List<Long> tries = new CopyOnWriteArrayList<>();
        try (LeaderChangeMonitor monitor = monitor()
                .sink("busy", change -> {
                    tries.add(System.nanoTime());
                    if (tries.size() == 1) {
                        throw new TryAgainException("busy", Duration.ofMillis(300));
                    }
                })
                .start()) {
            told.leader(1);
            await(() -> monitor.deliveries().get(0).delivered() == 1);
            assertThat(Duration.ofNanos(tries.get(1) - tries.get(0))).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        }
    }

    @Test
    void closeDeliversWhatIsQueued() {
        LeaderChangeMonitor monitor = monitor()
                .sink("slow", change -> {
                    TimeUnit.MILLISECONDS.sleep(20);
                    take(change);
                })
                .start();
        for (long token = 1; token <= 5; token++) {
            told.leader(token);
        }
        monitor.close();
        assertThat(taken).containsExactly(1L, 2L, 3L, 4L, 5L);
        told.leader(6);
        monitor.close();
        assertThat(monitor.deliveries()).containsExactly(new Deliveries("slow", 5, 0, 0, 0));
    }

    @Test
    void closeDoesNotWaitForATryThatWouldComeTooLate() {
        DeliveryPolicy patient = QUICK.withWaits(Duration.ofHours(1), Duration.ofHours(1))
                .withGiveUpAfter(Duration.ofDays(1))
                .withCloseTimeout(Duration.ofMinutes(1));
        LeaderChangeMonitor monitor = monitor()
                .delivery(patient)
                .sink("down", change -> {
                    throw new TryAgainException("down");
                })
                .start();
        told.leader(1);
        told.leader(2);
        monitor.close(); // within the minute after which this test fails
        assertThat(monitor.deliveries()).containsExactly(new Deliveries("down", 0, 2, 0, 0));
    }

    @Test
    void closeInsideASinkReturns() throws InterruptedException {
        LeaderChangeMonitor[] monitor = new LeaderChangeMonitor[1];
        CountDownLatch started = new CountDownLatch(1);
        monitor[0] = monitor()
                .sink("here", change -> {
                    started.await();
                    monitor[0].close();
                    take(change);
                })
                .start();
        told.leader(1);
        told.leader(2);
        started.countDown();
        await(() -> monitor[0].deliveries().equals(List.of(new Deliveries("here", 1, 0, 1, 0))));
        assertThat(taken).containsExactly(1L);
    }

    @Test
    void aFollowerThatIsInUseIsRefused() {
        told.start(information -> {});
        assertThatThrownBy(() -> monitor().start()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void badPoliciesAreRefusedByName() {
        assertThatThrownBy(() -> EVERYTHING.withGrace(Duration.ofMillis(-1))).hasMessageContaining("grace = PT-0.001S");
        assertThatThrownBy(() -> QUICK.withCapacity(0)).hasMessageContaining("capacity = 0: must be 1 or more");
        assertThatThrownBy(() -> QUICK.withWaits(Duration.ZERO, Duration.ofSeconds(1)))
                .hasMessageContaining("firstWait = PT0S");
    }
}
