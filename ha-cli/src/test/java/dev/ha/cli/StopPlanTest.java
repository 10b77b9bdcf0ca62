package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StopPlanTest {
    @ParameterizedTest
    @CsvSource({
        // milliseconds left, then: from asked to the end, from killed to the end, from helped to the end
        "60000, 5000, 1000, 500",
        "9000, 3000, 900, 450",
        "3000, 1000, 300, 150",
        "900, 300, 90, 45",
        "0, 0, 0, 0",
        "-500, 0, 0, 0"
    })
    void asksThenKillsThenHelpsBeforeTheEnd(long left, long asked, long killed, long helped) {
        // Also where the clock overflows.
        for (long now : new long[] {0, 1_000_000_000L, Long.MAX_VALUE - 5}) {
            long until = now + TimeUnit.MILLISECONDS.toNanos(left);
            StopPlan plan = StopPlan.beforeEndOf(until, now);
            assertThat(until - plan.terminateAt()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(asked));
            assertThat(until - plan.killAt()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(killed));
            assertThat(until - StopPlan.helpAt(until, now)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(helped));
        }
    }
}
