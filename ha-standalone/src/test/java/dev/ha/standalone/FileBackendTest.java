package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static dev.ha.standalone.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRetrievalDriver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mode file among several services of this JVM. */
class FileBackendTest {
    private final FileServices services;

    FileBackendTest(@TempDir Path directory) {
        services = new FileServices(directory);
    }

    @AfterEach
    void close() throws Exception {
        services.closeAll();
    }

    @Test
    void contendersOfOneJvmLeadOneAfterTheOther() throws Exception {
        List<TestCandidacy> candidacies = new ArrayList<>();
        List<LeaderElectionDriver> drivers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            candidacies.add(new TestCandidacy("e"));
            drivers.add(services.backend().elect(candidacies.get(i)));
        }
        long lastToken = 0;
        for (int i = 0; i < 5; i++) {
            until("somebody leads", () -> candidacies.stream().anyMatch(TestCandidacy::isGranted));
            List<TestCandidacy> leading =
                    candidacies.stream().filter(TestCandidacy::isGranted).toList();
            assertThat(leading).hasSize(1);
            assertThat(leading.get(0).grant().fencingToken()).isGreaterThan(lastToken);
            lastToken = leading.get(0).grant().fencingToken();
            int leader = candidacies.indexOf(leading.get(0));
            candidacies.remove(leader);
            done(drivers.remove(leader).close());
        }
    }

    @Test
    void followersSeeWhatIsPublishedUntilItsLeaderLeaves() throws Exception {
        TestFollowing following = new TestFollowing("e");
        LeaderRetrievalDriver watch = services.backend().retrieve(following);
        until("the first state is told", () -> !following.seen.isEmpty());
        assertThat(following.latest().records()).isEmpty();

        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = services.backend().elect(candidacy);
        done(driver.publish(Map.of("leader", candidacy.record("a"))));
        until("a is seen", () -> following.address().equals("a"));
        assertThat(following.latest().holderToken()).isEqualTo(candidacy.grant().fencingToken());
        assertThat(following.latest().historyId()).isEqualTo(candidacy.grant().historyId());
        assertThat(done(watch.read())).isEqualTo(following.latest());

        done(driver.close());
        assertThat(done(watch.read()).records()).isEmpty();
        assertThat(done(watch.read()).holderToken()).isZero();
        until("nobody is seen", () -> following.latest().holderToken() == 0);
        assertThat(following.address()).isEmpty();
    }
}
