package dev.ha.tck;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * All rules of {@code docs/SPEC.md} that can be tested on one backend, a group per chapter. The author of a backend extends it, once for each version of the
 * server that is supported, in a class whose name ends in {@code TckTest}:
 *
 * <pre>{@code
 * class FileTckTest extends BackendContract {
 *     @Override
 *     protected HighAvailabilityFixture createFixture() {
 *         return new FileFixture();
 *     }
 * }
 * }</pre>
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class BackendContract {
    private @Nullable HighAvailabilityFixture fixture;

    /** For subclasses. */
    protected BackendContract() {}

    /** The fixture of all tests of this class; may start servers. Closed after the last test. */
    protected abstract HighAvailabilityFixture createFixture() throws Exception;

    @BeforeAll
    final void openFixture() throws Exception {
        fixture = createFixture();
    }

    @AfterAll
    final void closeFixture() throws Exception {
        if (fixture != null) {
            fixture.close();
        }
    }

    final HighAvailabilityFixture fixture() {
        return Objects.requireNonNull(fixture, "asked before the first test");
    }
}
