package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.ha.Reason;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The deadline of rules 1.3, 1.6, 1.8 and 1.10, on a clock that the test moves. */
final class LeaseDeadlineTest {
    private static final Duration DURATION = Duration.ofSeconds(10);
    private static final Duration MARGIN = Duration.ofSeconds(2);

    private final Simulation simulation = new Simulation(1);
    private final Simulation.SimulatedProcess process = simulation.new SimulatedProcess("p");
    private final List<Reason> told = new ArrayList<>();

    private LeaseDeadline lease() {
        LeaseDeadline lease = LeaseDeadline.of(process, DURATION, MARGIN, process.nanoTime());
        lease.join((reason, cause) -> told.add(reason));
        return lease;
    }

    /** Time passes for everybody. */
    private void pass(Duration time) {
        simulation.run(simulation.now() + time.toNanos(), () -> false);
    }

    @Test
    void isValidUntilDurationLessMarginSinceSending() {
        LeaseDeadline lease = lease();
        pass(Duration.ofMillis(7_999));
        assertThat(lease.isValid()).isTrue();
        assertThat(lease.remaining()).isEqualTo(Duration.ofMillis(1));
        pass(Duration.ofMillis(1));
        assertThat(lease.isValid()).isFalse();
        assertThat(lease.remaining()).isZero();
    }

    @Test
    void tellsItsMembersOfTheEndWithoutBeingAsked() {
        lease();
        pass(Duration.ofSeconds(9));
        assertThat(told).isNotEmpty().containsOnly(Reason.EXPIRED);
    }

    @Test
    void aRenewalCountsFromItsSending() {
        LeaseDeadline lease = lease();
        long sentAt = process.nanoTime();
        pass(Duration.ofSeconds(5));
        lease.renewed(sentAt + Duration.ofSeconds(1).toNanos());
        pass(Duration.ofMillis(3_999));
        assertThat(lease.isValid()).isTrue();
        pass(Duration.ofMillis(1));
        assertThat(lease.isValid()).isFalse();
    }

    @Test
    void anOlderRenewalNeverMovesTheDeadlineBack() {
        LeaseDeadline lease = lease();
        long first = process.nanoTime();
        pass(Duration.ofSeconds(5));
        lease.renewed(process.nanoTime());
        lease.renewed(first);
        pass(Duration.ofMillis(7_999));
        assertThat(lease.isValid()).isTrue();
    }

    @Test
    void aRenewalAnsweredAtTheDeadlineEndsInsteadOfReviving() {
        LeaseDeadline lease = lease();
        process.pause(Duration.ofSeconds(20)); // so that no timer of the process comes first
        pass(Duration.ofSeconds(8));
        lease.renewed(process.nanoTime());
        assertThat(lease.isValid()).isFalse();
        assertThat(told).contains(Reason.EXPIRED);
    }

    @Test
    void whoHasSeenItInvalidNeverSeesItValidAgain() {
        LeaseDeadline lease = lease();
        process.pause(Duration.ofSeconds(20));
        pass(Duration.ofSeconds(8));
        assertThat(lease.isValid()).isFalse();
        lease.renewed(process.nanoTime());
        assertThat(lease.isValid()).isFalse();
    }

    @Test
    void aWallClockThatRunsAheadByMoreThanTheMarginMeansThatTheMachineWasSuspended() {
        LeaseDeadline lease = lease();
        process.stepWall(Duration.ofSeconds(2));
        assertThat(lease.isValid()).isTrue();
        process.stepWall(Duration.ofMillis(1));
        assertThat(lease.isValid()).isFalse();
        process.stepWall(Duration.ofMinutes(-10));
        lease.renewed(process.nanoTime());
        assertThat(lease.isValid()).as("a step back revives nothing").isFalse();
    }

    @Test
    void suspensionsBeforeAndAfterTheAnswerOfARenewalAddUp() {
        LeaseDeadline lease = lease();
        pass(Duration.ofSeconds(1));
        lease.renewed(process.nanoTime());
        pass(Duration.ofSeconds(1));
        long sent = process.nanoTime();
        process.stepWall(Duration.ofMillis(1_500));
        pass(Duration.ofSeconds(1));
        lease.renewed(sent);
        assertThat(lease.isValid()).isTrue();
        process.stepWall(Duration.ofMillis(1_500));
        assertThat(lease.isValid()).isFalse();
    }

    @Test
    void aSuspensionThatALaterRequestHasOutlivedNoLongerCounts() {
        LeaseDeadline lease = lease();
        for (int i = 0; i < 10; i++) {
            process.stepWall(Duration.ofMillis(1_500));
            lease.renewed(process.nanoTime());
            pass(Duration.ofSeconds(1));
            lease.renewed(process.nanoTime());
            pass(Duration.ofSeconds(1));
        }
        assertThat(lease.isValid()).isTrue();
    }

    @Test
    void whatWasLeftWhenItWasEndedIsKnownAfterwards() {
        LeaseDeadline lease = lease();
        pass(Duration.ofSeconds(3));
        lease.end(Reason.CONNECTION_SUSPENDED, null);
        pass(Duration.ofSeconds(1));
        assertThat(lease.remainingNanos()).isZero();
        assertThat(lease.unusedNanos()).isEqualTo(Duration.ofSeconds(4).toNanos());
    }

    @Test
    void whatExpiredHasNothingLeft() {
        LeaseDeadline lease = lease();
        pass(Duration.ofSeconds(9));
        assertThat(lease.isValid()).isFalse();
        assertThat(lease.unusedNanos()).isZero();
    }

    @Test
    void aWallClockThatIsSetBackChangesNothing() {
        LeaseDeadline lease = lease();
        process.stepWall(Duration.ofDays(-1));
        assertThat(lease.isValid()).isTrue();
        pass(Duration.ofSeconds(8));
        assertThat(lease.isValid()).isFalse();
    }

    @Test
    void whoJoinsTooLateIsToldAtOnce() {
        LeaseDeadline lease = lease();
        lease.end(Reason.CONNECTION_LOST, null);
        List<Reason> late = new ArrayList<>();
        lease.join((reason, cause) -> late.add(reason));
        assertThat(late).containsExactly(Reason.CONNECTION_LOST);
    }

    @Test
    void isOverInTheBackendOnlyWhenTheWholeDurationHasPassedSinceTheLastSending() {
        LeaseDeadline lease = lease();
        lease.end(Reason.CONNECTION_LOST, null);
        pass(Duration.ofMillis(9_999));
        assertThat(lease.isOverInBackend()).isFalse();
        pass(Duration.ofMillis(1));
        assertThat(lease.isOverInBackend()).isTrue();
    }

    @Test
    void anUnlimitedOneEndsOnlyWhenItIsEnded() {
        LeaseDeadline lease = LeaseDeadline.unlimited(process);
        process.stepWall(Duration.ofDays(1));
        pass(Duration.ofDays(1));
        assertThat(lease.isValid()).isTrue();
        lease.end(Reason.REMOVED, null);
        assertThat(lease.isValid()).isFalse();
    }

    @Test
    void refusesALeaseOfWhichLessThanHalfWouldStayValid() {
        assertThatThrownBy(() -> LeaseDeadline.of(process, Duration.ofSeconds(2), Duration.ofMillis(1_001), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least half");
    }

    @Test
    void refusesARenewalFromTheFuture() {
        LeaseDeadline lease = lease();
        assertThatThrownBy(() -> lease.renewed(process.nanoTime() + 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void askingAllocatesNothing() {
        JvmPlatform platform = new JvmPlatform(null);
        try {
            LeaseDeadline lease = LeaseDeadline.of(platform, Duration.ofMinutes(10), MARGIN, platform.nanoTime());
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long thread = Thread.currentThread().getId();
            int valid = ask(lease, 20_000);
            long before = threads.getThreadAllocatedBytes(thread);
            valid += ask(lease, 100_000);
            long allocated = threads.getThreadAllocatedBytes(thread) - before;
            assertThat(valid).isEqualTo(120_000);
            assertThat(allocated).as("bytes for 100,000 questions").isLessThan(10_000);
        } finally {
            platform.close();
        }
    }

    private static int ask(LeaseDeadline lease, int times) {
        int valid = 0;
        for (int i = 0; i < times; i++) {
            if (lease.isValid()) {
                valid++;
            }
        }
        return valid;
    }
}
