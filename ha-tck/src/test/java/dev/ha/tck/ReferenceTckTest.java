package dev.ha.tck;

/** A correct backend passes all. */
class ReferenceTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() {
        return new ReferenceFixture(new ReferenceServer(), "reference");
    }
}
