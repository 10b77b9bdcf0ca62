package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DoctorTest {
    private static final String LEASED = "high-availability.mode=" + LeasedBackendFactory.class.getName();

    private final Path directory;
    private final Ha.Setup setup;

    DoctorTest(@TempDir Path directory) {
        this.directory = directory;
        setup = new Ha.Setup(directory);
    }

    @Test
    void allIsWellInModeFile() {
        Ha ha = setup.run("doctor", "--json");
        assertThat(ha.exitCode()).as(ha.errors()).isZero();
        assertThat(ha.lines()).noneMatch(line -> line.contains("\"passed\":false"));
        ha.await("\"step\":\"second process is kept out\",\"passed\":true");
        ha.await("\"step\":\"second process is granted it\",\"passed\":true");
        assertThat(ha.lines())
                .filteredOn(line -> line.contains("\"event\":\"step\""))
                .allMatch(line -> line.matches(".*\"millis\":\\d+\\.\\d+\\}"));
    }

    @Test
    void aBackendThatDoesNotWorkIsTheFailingStep() throws IOException {
        Path notDirectory = Files.createFile(directory.resolve("file"));
        Ha ha = setup.run("-D", "high-availability.file.directory=" + notDirectory, "doctor", "--timeout", "2s");
        assertThat(ha.exitCode()).isEqualTo(1);
        assertThat(ha.await("FAIL")).contains(notDirectory.toString());
        ha.await("remedy: set high-availability.file.directory");
    }

    @Test
    void aWrongConfigurationIsOneAndExitsWith2() {
        Ha ha = setup.run("-D", "high-availability.close-timeout=soon", "doctor");
        assertThat(ha.exitCode()).isEqualTo(2);
        assertThat(ha.await("FAIL")).contains("high-availability.close-timeout = 'soon'");
    }

    @Test
    void aLockThatKeepsNobodyOutIsFound() {
        Ha ha = setup.run("-D", LEASED, "doctor");
        assertThat(ha.exitCode()).isEqualTo(1);
        assertThat(ha.await("FAIL")).contains("second process is kept out", "both processes hold it");
    }

    @Test
    void secretsAreMasked() {
        Ha ha = setup.run("-D", LEASED, "-D", "high-availability.leased.password=hunter2", "doctor");
        assertThat(ha.await("high-availability.leased.password")).contains("****");
        assertThat(String.join("\n", ha.lines()) + ha.errors()).doesNotContain("hunter2");
    }
}
