package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SpellingTest {
    @ParameterizedTest
    @CsvSource({
        "mode, mode, 0",
        "mode, Mode, 0",
        "'', mode, 4",
        "mode, '', 4",
        "mode, node, 1",
        "mode, mod, 1",
        "mode, moode, 1",
        "mode, mdoe, 1",
        "duratoin, duration, 1",
        "kitten, sitting, 3",
        "ca, abc, 3"
    })
    void distanceCountsInsertionsDeletionsReplacementsAndSwaps(String a, String b, int distance) {
        assertThat(Spelling.distance(a, b)).isEqualTo(distance);
        assertThat(Spelling.distance(b, a)).isEqualTo(distance);
    }

    @Test
    void nearestIsTheMostSimilarAndTheFirstOfEquals() {
        assertThat(Spelling.nearest("sesion-timeout", List.of("connection-timeout", "session-timeout")))
                .contains("session-timeout");
        assertThat(Spelling.nearest("ab", List.of("ac", "aa"))).contains("aa");
    }

    @Test
    void nothingIsNearToSomethingElse() {
        assertThat(Spelling.nearest("quorum", List.of("lease-duration", "x"))).isEmpty();
        assertThat(Spelling.nearest("quorum", List.of())).isEmpty();
    }
}
