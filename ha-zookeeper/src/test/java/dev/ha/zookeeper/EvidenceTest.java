package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** SAFETY Z1: what may be believed of a session. */
class EvidenceTest {
    private static final Duration TIMEOUT = Duration.ofNanos(1_200);
    private final Evidence evidence = new Evidence(TIMEOUT, 0);

    @Test
    void theCreationOfTheSessionIsTheFirstEvidence() {
        assertThat(evidence.proven()).isEqualTo(OptionalLong.of(0));
    }

    @Test
    void oneWriteIsNone() {
        assertThat(evidence.acknowledged(1_000)).isFalse();
        assertThat(evidence.proven()).isEqualTo(OptionalLong.of(0));
    }

    @Test
    void aWriteIsEvidenceOnceOneSentAQuarterLaterIsAcknowledged() {
        evidence.acknowledged(1_000);
        assertThat(evidence.acknowledged(1_250)).isFalse();
        assertThat(evidence.acknowledged(1_300)).isTrue();
        assertThat(evidence.proven()).isEqualTo(OptionalLong.of(1_000));
        assertThat(evidence.acknowledged(1_550)).isTrue();
        assertThat(evidence.proven()).isEqualTo(OptionalLong.of(1_250));
    }

    @Test
    void everySixthOfTheTimeoutAtLeastASixthIsLeftAtEachRenewal() {
        for (long sent = 200; sent <= 10_000; sent += 200) {
            evidence.acknowledged(sent);
            long validUntil = evidence.proven().getAsLong() + TIMEOUT.toNanos() * 2 / 3;
            assertThat(validUntil - sent).as("left at " + sent).isGreaterThanOrEqualTo(200);
        }
    }

    @Test
    void aBurstOfWritesIsKeptSmallAndNeverProvesTooMuch() {
        for (long sent = 0; sent < 100_000; sent++) {
            evidence.acknowledged(sent);
            assertThat(evidence.proven().getAsLong()).isLessThanOrEqualTo(Math.max(0, sent - 300));
        }
        assertThat(evidence.proven().getAsLong()).isGreaterThan(100_000 - 300 - 100);
    }

    @Test
    void whatWasForgottenIsProvenAnew() {
        evidence.acknowledged(1_000);
        evidence.forget();
        assertThat(evidence.proven()).isEmpty();
        assertThat(evidence.acknowledged(1_400)).isFalse();
        assertThat(evidence.acknowledged(1_700)).isTrue();
        assertThat(evidence.proven()).isEqualTo(OptionalLong.of(1_400));
    }
}
