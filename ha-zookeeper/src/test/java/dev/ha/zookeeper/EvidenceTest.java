package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.spi.Moment;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** SAFETY Z1: what may be believed of a session. */
class EvidenceTest {
    private static final Duration TIMEOUT = Duration.ofNanos(1_200);
    private final Evidence evidence = new Evidence(TIMEOUT, new Moment(0, 0));

    @Test
    void theCreationOfTheSessionIsTheFirstEvidence() {
        assertThat(proven()).isEqualTo(0);
    }

    @Test
    void oneWriteIsNone() {
        assertThat(acknowledged(1_000)).isFalse();
        assertThat(proven()).isEqualTo(0);
    }

    @Test
    void aWriteIsEvidenceOnceOneSentAQuarterLaterIsAcknowledged() {
        acknowledged(1_000);
        assertThat(acknowledged(1_250)).isFalse();
        assertThat(acknowledged(1_300)).isTrue();
        assertThat(proven()).isEqualTo(1_000);
        assertThat(acknowledged(1_550)).isTrue();
        assertThat(proven()).isEqualTo(1_250);
    }

    @Test
    void everySixthOfTheTimeoutAtLeastASixthIsLeftAtEachRenewal() {
        for (long sent = 200; sent <= 10_000; sent += 200) {
            acknowledged(sent);
            long validUntil = proven() + TIMEOUT.toNanos() * 2 / 3;
            assertThat(validUntil - sent).as("left at " + sent).isGreaterThanOrEqualTo(200);
        }
    }

    @Test
    void aBurstOfWritesIsKeptSmallAndNeverProvesTooMuch() {
        for (long sent = 0; sent < 100_000; sent++) {
            acknowledged(sent);
            assertThat(proven()).isLessThanOrEqualTo(Math.max(0, sent - 300));
        }
        assertThat(proven()).isGreaterThan(100_000 - 300 - 100);
    }

    @Test
    void whatWasWrittenBeforeASuspensionIsOlderThanTheMonotonicClockSays() {
        Moment write = new Moment(1_000_000, 50);
        assertThat(write.nanoTimeSeenFrom(new Moment(9_000_000, 50))).isEqualTo(1_000_000);
        assertThat(write.nanoTimeSeenFrom(new Moment(9_000_000, 53))).isEqualTo(1_000_000 - 3_000_000);
    }

    @Test
    void aWallClockThatIsSetBackMakesNothingYounger() {
        assertThat(new Moment(1_000_000, 50).nanoTimeSeenFrom(new Moment(9_000_000, 10)))
                .isEqualTo(1_000_000);
    }

    private boolean acknowledged(long sentAt) {
        return evidence.acknowledged(new Moment(sentAt, 0));
    }

    private long proven() {
        return evidence.proven().nanoTime();
    }
}
