package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ValidityTest {
    private final Validity validity = new Validity();

    private Validity.Grant granted(String contender, long token) {
        return validity.granted(contender, "reports", UUID.randomUUID(), "history", token);
    }

    @Test
    void findsAnOverlapThatIsProven() {
        granted("a", 1).proven(1_000_000, 5_000_000);
        granted("b", 2).proven(4_000_000, 9_000_000);
        assertThat(validity.overlaps(Duration.ZERO))
                .containsExactly(
                        "the grant of a (token 1) and the grant of b (token 2) were both valid for at least 1000"
                                + " microseconds");
        assertThat(validity.overlaps(Duration.ofMillis(1))).isEmpty();
    }

    @Test
    void findsAnOverlapThatLiesInsideAnother() {
        granted("a", 1).proven(0, 9_000_000);
        granted("b", 2).proven(3_000_000, 4_000_000);
        assertThat(validity.overlaps(Duration.ZERO)).hasSize(1);
    }

    @Test
    void takesWhatIsNotProvenForNoOverlap() {
        granted("a", 1).sampled(true, 10, 20);
        granted("b", 2).sampled(true, 15, 25);
        // Each was valid at one instant that lies somewhere between two readings of the clock.
        assertThat(validity.overlaps(Duration.ZERO)).isEmpty();
    }

    @Test
    void ignoresOtherElectionsAndOtherComponentsOfAGrant() {
        granted("a", 1).proven(0, 10);
        validity.granted("b", "other", UUID.randomUUID(), "history", 1).proven(0, 10);
        UUID session = UUID.randomUUID();
        validity.granted("c-one", "third", session, "history", 1).proven(0, 10);
        validity.granted("c-other", "third", session, "history", 1).proven(0, 10);
        assertThat(validity.overlaps(Duration.ZERO)).isEmpty();
        assertThat(validity.tokensOutOfOrder()).isEmpty();
    }

    @Test
    void findsTokensThatDoNotRise() {
        granted("a", 2).proven(0, 10);
        granted("b", 2).proven(20, 30);
        granted("c", 1).proven(40, 50);
        assertThat(validity.tokensOutOfOrder()).hasSize(3);
    }

    @Test
    void allowsTokensToFallInAnotherHistory() {
        granted("a", 2).proven(0, 10);
        validity.granted("b", "reports", UUID.randomUUID(), "another history", 1)
                .proven(20, 30);
        assertThat(validity.tokensOutOfOrder()).isEmpty();
    }

    @Test
    void findsARevival() {
        Validity.Grant grant = granted("a", 1);
        grant.sampled(true, 0, 1);
        grant.sampled(false, 2, 3);
        assertThat(validity.revivals()).isEmpty();
        grant.sampled(true, 4, 5);
        assertThat(validity.revivals())
                .containsExactly("the grant of a (token 1) was valid again after it had been invalid");
    }
}
