package dev.ha.tck;

import org.junit.jupiter.api.Tag;

/** A correct backend passes all. */
@Tag("once")
class ReferenceTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() {
        return new ReferenceFixture(new ReferenceServer(), "reference");
    }
}
