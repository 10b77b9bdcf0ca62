package dev.ha.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.spi.Diagnosable;
import dev.ha.spi.Diagnosable.Check;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileChecksTest {
    private final Path directory;
    private final FileServices services;

    FileChecksTest(@TempDir Path directory) {
        this.directory = directory;
        this.services = new FileServices(directory);
    }

    @AfterEach
    void close() throws Exception {
        services.closeAll();
    }

    private static List<Check> checks(HighAvailabilityBackend backend) {
        return backend.capability(Diagnosable.class).orElseThrow().checks();
    }

    @Test
    void aSoundDirectoryPassesAllChecksAndKeepsItsLeader() throws Exception {
        HighAvailabilityBackend backend = services.backend();
        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = backend.elect(candidacy);
        candidacy.granted();
        for (Check check : checks(backend)) {
            assertThat(check.run().call()).as(check.name()).isNotBlank();
        }
        Path holder =
                services.election("e").resolve("holder-" + candidacy.granted().fencingToken());
        assertThat(KernelLocks.isHeld(holder)).isTrue();
        assertThat(KernelLocks.isHeld(services.election("e").resolve("lock"))).isTrue();
        Waiting.done(driver.close());
        try (Stream<Path> left = Files.list(directory.resolve(FileServices.CLUSTER))) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("e", ".processes");
        }
    }

    @Test
    void aClockThatIsBehindATokenIsFound() throws Exception {
        TestContext context = services.context(FileServices.CLUSTER);
        HighAvailabilityBackend backend = services.backend(context);
        TestCandidacy candidacy = new TestCandidacy("e");
        backend.elect(candidacy);
        candidacy.granted();
        context.setWallTime(Instant.now().minus(Duration.ofDays(1)));
        Check clock = checks(backend).stream()
                .filter(check -> check.name().equals("clock"))
                .findFirst()
                .orElseThrow();
        assertThatThrownBy(() -> clock.run().call()).hasMessageContaining("test/e");
    }

    @Test
    void anUnusableDirectoryFailsEveryCheck() throws Exception {
        FileServices broken = new FileServices(Files.createFile(directory.resolve("file")));
        for (Check check : checks(broken.backend())) {
            assertThatThrownBy(() -> check.run().call()).as(check.name()).hasMessageContaining("not a directory");
            assertThat(check.remedy()).isNotBlank();
        }
        broken.closeAll();
    }
}
