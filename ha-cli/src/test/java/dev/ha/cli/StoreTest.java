package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import dev.ha.store.HighAvailabilityStores;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreTest {
    private static final String ELECTION = "reports";
    private static final String TEXT = "text of a blob ".repeat(10_000);

    private final Path blobs;
    private final Ha.Setup setup;
    private final Map<String, String> settings;

    StoreTest(@TempDir Path directory) {
        blobs = directory.resolve("blobs");
        setup = new Ha.Setup(directory).with("HIGH_AVAILABILITY_STORAGEDIR", blobs.toString());
        settings = Map.of(
                "high-availability.mode", "file",
                "high-availability.file.directory",
                        directory.resolve("elections").toString(),
                "high-availability.storageDir", blobs.toString());
    }

    private void fill() throws Exception {
        try (HighAvailabilityServices services = HighAvailability.create(settings)) {
            HighAvailabilityStores stores = services.stores(ELECTION);
            BriefLeadership.during(services, ELECTION, Ha.LIMIT, leadership -> stores.jobGraphs()
                    .put(leadership, "a/job", "graph".getBytes(StandardCharsets.UTF_8))
                    .thenCompose(done -> stores.blobs()
                            .put(
                                    leadership,
                                    "a/job",
                                    "lib",
                                    new ByteArrayInputStream(TEXT.getBytes(StandardCharsets.UTF_8)))));
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(blobs)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void listsGetsAndRemoves() throws Exception {
        fill();
        Ha list = setup.run("store", "ls", ELECTION);
        assertThat(list.exitCode()).as(list.errors()).isZero();
        assertThat(list.lines()).containsExactly(".ha/blobs/a%2Fjob/lib", ".ha/job-graphs/a%2Fjob", ".ha/seal");
        assertThat(setup.run("store", "ls", ELECTION, ".ha/job-", "--json").lines())
                .hasSize(1)
                .allMatch(line -> line.contains("\"entry\":\".ha/job-graphs/a%2Fjob\""));
        assertThat(setup.run("store", "get", ELECTION, ".ha/job-graphs/a%2Fjob").lines())
                .containsExactly("graph");
        assertThat(setup.run("store", "get", ELECTION, ".ha/blobs/a%2Fjob/lib").lines())
                .containsExactly(TEXT);
        assertThat(files()).hasSize(1);
        Ha remove = setup.run("store", "rm", ELECTION, ".ha/blobs/a%2Fjob/lib");
        assertThat(remove.exitCode()).as(remove.errors()).isZero();
        assertThat(files()).isEmpty();
        assertThat(setup.run("store", "get", ELECTION, ".ha/blobs/a%2Fjob/lib").exitCode())
                .isEqualTo(1);
        assertThat(setup.run("store", "rm", ELECTION, ".ha/blobs/a%2Fjob/lib").exitCode())
                .isEqualTo(1);
        Ha seal = setup.run("store", "rm", ELECTION, ".ha/seal");
        assertThat(seal.exitCode()).isEqualTo(2);
        assertThat(seal.errors()).contains("can't be removed");
    }

    @Test
    void removesOnlyAsTheLeader() throws Exception {
        fill();
        try (Ha leader = setup.start("elect", ELECTION)) {
            leader.await("granted");
            Ha remove = setup.run("store", "rm", ELECTION, ".ha/job-graphs/a%2Fjob", "--timeout", "1s");
            assertThat(remove.exitCode()).isEqualTo(1);
            assertThat(remove.errors()).contains("not granted the leadership of reports", "somebody else leads");
        }
        assertThat(setup.run("store", "get", ELECTION, ".ha/job-graphs/a%2Fjob").exitCode())
                .isZero();
    }

    @Test
    void theDoctorRemovesOrphans() throws Exception {
        fill();
        Path blob = files().get(0);
        String orphan = blob.getFileName().toString().replaceAll("[0-9a-f]{32}$", "0".repeat(32));
        Files.copy(blob, blob.resolveSibling(orphan));
        assertThat(setup.run("doctor", "--repair", ELECTION).exitCode()).isZero();
        assertThat(files()).as("it is young").hasSize(2);
        Ha doctor = setup.run("doctor", "--repair", ELECTION, "--grace", "0s");
        assertThat(doctor.exitCode()).as(doctor.errors()).isZero();
        assertThat(doctor.await("remove orphaned blobs of reports")).contains(orphan);
        assertThat(files()).containsExactly(blob);
    }
}
