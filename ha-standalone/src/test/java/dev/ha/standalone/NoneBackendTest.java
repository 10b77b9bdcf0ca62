package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.spi.Change;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class NoneBackendTest {
    private static final UUID ZERO = new UUID(0, 0);

    private static HighAvailabilityBackend backend(Map<String, String> configuration) {
        return new NoneBackendFactory().create(new TestContext("high-availability.none.", "test", configuration));
    }

    @Test
    void everyProcessLeadsAtOnceWithTheZeroSession() throws Exception {
        for (int i = 0; i < 2; i++) {
            TestCandidacy candidacy = new TestCandidacy("e");
            backend(Map.of()).elect(candidacy);
            assertThat(candidacy.granted().sessionId()).isEqualTo(ZERO);
            assertThat(candidacy.granted().fencingToken()).isEqualTo(1);
            assertThat(candidacy.granted().lease().isValid()).isTrue();
        }
    }

    @Test
    void aConfiguredAddressIsToldAndNoConfirmChangesIt() throws Exception {
        HighAvailabilityBackend backend = backend(Map.of(
                "high-availability.none.address.e", "host:1",
                "high-availability.none.address.e/rest", "host:2",
                "high-availability.none.address.other", "host:3"));
        TestFollowing following = new TestFollowing("e");
        backend.retrieve(following);
        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = backend.elect(candidacy);
        done(driver.publish(Map.of("leader", candidacy.record("elsewhere:9"))));
        done(driver.close());

        assertThat(following.states()).hasSize(1);
        assertThat(following.latest().records())
                .isEqualTo(Map.of(
                        "leader", new LeaderRecord(ZERO, 1, "host:1"),
                        "rest", new LeaderRecord(ZERO, 1, "host:2")));
        TestFollowing late = new TestFollowing("e");
        assertThat(done(backend.retrieve(late).read())).isEqualTo(following.latest());
    }

    @Test
    void withoutAConfiguredAddressTheConfirmedOneIsTold() throws Exception {
        HighAvailabilityBackend backend = backend(Map.of());
        TestFollowing following = new TestFollowing("e");
        backend.retrieve(following);
        assertThat(following.latest().records()).isEmpty();

        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = backend.elect(candidacy);
        done(driver.publish(Map.of("leader", candidacy.record("here:1"))));
        assertThat(following.address()).isEqualTo("here:1");
        done(driver.close());
        assertThat(following.latest().records()).isEmpty();
    }

    @Test
    void entriesLiveAsLongAsTheServices() throws Exception {
        HighAvailabilityBackend backend = backend(Map.of());
        LeaderElectionDriver driver = backend.elect(new TestCandidacy("e"));
        done(driver.write(Change.create("entry", new byte[] {1})));
        done(driver.close());

        assertThat(done(backend.metadataStore("e").names(""))).containsExactly("entry");
        assertThat(done(backend(Map.of()).metadataStore("e").names(""))).isEmpty();
    }
}
