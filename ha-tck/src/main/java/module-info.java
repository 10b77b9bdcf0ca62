import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.tck.ConformanceListener;
import org.junit.platform.launcher.TestExecutionListener;

/** The rules of docs/SPEC.md as JUnit 5 tests, for authors of backends. */
module dev.ha.tck {
    requires transitive dev.ha;
    requires static transitive org.jspecify;
    requires transitive org.junit.jupiter.api;
    requires transitive org.junit.platform.engine;
    requires transitive org.junit.platform.launcher;
    requires org.opentest4j;

    exports dev.ha.tck;
    exports dev.ha.tck.support;

    // JUnit calls the tests, which are package-private.
    opens dev.ha.tck to
            org.junit.platform.commons;

    uses HighAvailabilityBackendFactory;

    provides TestExecutionListener with
            ConformanceListener;
}
