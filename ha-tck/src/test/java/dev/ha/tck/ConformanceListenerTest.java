package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceListenerTest {
    @AfterEach
    void restore() {
        System.clearProperty(ConformanceListener.DIRECTORY);
    }

    private static String table(Path directory, Supplier<HighAvailabilityFixture> fixture) throws IOException {
        System.setProperty(ConformanceListener.DIRECTORY, directory.toString());
        TckRun.of(
                fixture,
                method -> method.getAnnotation(Rule.class).value().matches("6\\.[34]"),
                new ConformanceListener());
        assertThat(directory.resolve("subject.txt")).exists();
        return Files.readString(directory.resolve("subject.md"));
    }

    @Test
    void writesTheTableOfTheBackendThatWasRun(@TempDir Path directory) throws IOException {
        assertThat(table(directory, () -> new ReferenceFixture(new WrongServers.CountsVersionsPerEntry(), "reference")))
                .startsWith("# Conformance of subject\n")
                .contains("| 6.3 | Conditional writes | passed | 3 passed |  |")
                .contains(
                        "| 6.4 | Versions | **failed** | 1 failed | versionsAreNotUsedTwice: Rule 6.4 (Versions) is broken.")
                .contains("| 6.5 | Values | not run |  |  |")
                .doesNotContain("INCOMPLETE");
    }

    @Test
    void saysSoWhenTheFixtureCouldNotBeMade(@TempDir Path directory) throws IOException {
        assertThat(table(directory, () -> {
                    throw new IllegalStateException("no server on this machine");
                }))
                .contains("INCOMPLETE")
                .contains("no server on this machine")
                .contains("| 6.3 | Conditional writes | not run |  |  |");
    }
}
