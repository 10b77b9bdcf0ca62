package dev.ha.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final Duration LAST = Duration.ofSeconds(5);

    @Test
    void theFirstDoesNotWaitAndTheOthersWaitLongerAndLonger() {
        Pace pace = new Pace();
        long now = 0;
        assertThat(pace.next(now)).isZero();
        Duration most = Duration.ofMillis(50);
        for (int i = 0; i < 12; i++) {
            Duration wait = pace.next(now);
            assertThat(wait).isBetween(most.dividedBy(2), most);
            now += wait.toNanos();
            most = most.multipliedBy(2).compareTo(LAST) < 0 ? most.multipliedBy(2) : LAST;
        }
        assertThat(most).isEqualTo(LAST);
    }

    @Test
    void whoAsksMeanwhileSharesTheWait() {
        Pace pace = new Pace();
        pace.next(0);
        Duration wait = pace.next(0);
        assertThat(pace.next(1_000)).isEqualTo(wait.minusNanos(1_000));
    }

    @Test
    void afterAQuietTimeTheFirstDoesNotWait() {
        Pace pace = new Pace();
        pace.next(0);
        Duration wait = pace.next(0);
        assertThat(pace.next(wait.toNanos() + LAST.multipliedBy(3).toNanos())).isZero();
    }

    @Test
    void notAllWaitEquallyLong() {
        Set<Duration> waits = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            Pace pace = new Pace();
            pace.next(0);
            waits.add(pace.next(0));
        }
        assertThat(waits).hasSizeGreaterThan(50);
    }
}
