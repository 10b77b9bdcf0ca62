package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConflictException;
import dev.ha.OutcomeUnknownException;
import dev.ha.spi.Change;
import dev.ha.store.Entry;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What reading back tells of a write of unknown outcome (SAFETY S10). */
final class FencedEntriesTest {
    private final OutcomeUnknownException unknown = new OutcomeUnknownException("lost", null);
    private static final Entry OLD = entry("1", UUID.randomUUID());
    private static final Entry OTHER = entry("2", UUID.randomUUID());

    private static Entry entry(String version, UUID writeId) {
        return new Entry("entry", new byte[0], version, writeId);
    }

    @Test
    void whatCarriesTheWriteIdWasApplied() {
        for (Change change : new Change[] {Change.create("entry", new byte[0]), Change.replace(OLD, new byte[0])}) {
            Entry own = entry("3", change.writeId());
            assertThat(FencedEntries.outcome(change, Optional.of(own), unknown)).isSameAs(own);
        }
    }

    @Test
    void whatExpectsAVersionThatIsGoneCanNotArriveAnyMore() {
        for (Change change : new Change[] {Change.replace(OLD, new byte[0]), Change.delete(OLD)}) {
            assertThatExceptionOfType(ConflictException.class)
                    .isThrownBy(() -> FencedEntries.outcome(change, Optional.of(OTHER), unknown));
            assertThatThrownBy(() -> FencedEntries.outcome(change, Optional.of(OLD), unknown))
                    .isSameAs(unknown);
        }
        assertThat(FencedEntries.outcome(Change.delete(OLD), Optional.empty(), unknown)
                        .version())
                .isEmpty();
    }

    /** What is there may be deleted before it arrives; who took the conflict for final would have thrown away what it points to. */
    @Test
    void aCreationMayArriveWheneverTheEntryIsAbsentAgain() {
        Change creation = Change.create("entry", new byte[0]);
        assertThatThrownBy(() -> FencedEntries.outcome(creation, Optional.empty(), unknown))
                .isSameAs(unknown);
        assertThatThrownBy(() -> FencedEntries.outcome(creation, Optional.of(OTHER), unknown))
                .isSameAs(unknown);
    }
}
