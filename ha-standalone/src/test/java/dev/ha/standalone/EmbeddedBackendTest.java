package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static dev.ha.standalone.Waiting.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.spi.Change;
import dev.ha.spi.Grant;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.store.Entry;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmbeddedBackendTest {
    private final String cluster = "test-" + UUID.randomUUID();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private HighAvailabilityBackend backend(String clusterId) {
        TestContext context = new TestContext("high-availability.embedded.", clusterId, Map.of());
        HighAvailabilityBackend backend = new EmbeddedBackendFactory().create(context);
        open.add(() -> done(backend.close()));
        open.add(context);
        return backend;
    }

    @Test
    void contendersOfSeveralServicesLeadInTheOrderInWhichTheyCame() throws Exception {
        List<TestCandidacy> candidacies = new ArrayList<>();
        List<LeaderElectionDriver> drivers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            candidacies.add(new TestCandidacy("e"));
            drivers.add(backend(cluster).elect(candidacies.get(i)));
        }
        long lastToken = 0;
        for (int i = 0; i < 5; i++) {
            assertThat(candidacies.get(i).granted().fencingToken()).isGreaterThan(lastToken);
            lastToken = candidacies.get(i).granted().fencingToken();
            assertThat(candidacies.subList(i + 1, 5)).noneMatch(TestCandidacy::isGranted);
            done(drivers.get(i).close());
        }
    }

    @Test
    void oneThatWaitsMayLeaveAtAnyTime() throws Exception {
        HighAvailabilityBackend backend = backend(cluster);
        LeaderElectionDriver first = backend.elect(new TestCandidacy("e"));
        TestCandidacy second = new TestCandidacy("e");
        LeaderElectionDriver secondDriver = backend.elect(second);
        TestCandidacy third = new TestCandidacy("e");
        backend.elect(third);

        done(secondDriver.close());
        done(secondDriver.close());
        done(first.close());

        assertThat(second.isGranted()).isFalse();
        assertThat(third.isGranted()).isTrue();
    }

    @Test
    void tokensRiseAfterEverybodyHasLeftAndWhenTheClockGoesBack() throws Exception {
        TestContext context = new TestContext("high-availability.embedded.", cluster, Map.of());
        open.add(context);
        HighAvailabilityBackend backend = new EmbeddedBackendFactory().create(context);
        long last = 0;
        Instant now = Instant.now();
        for (int i = 0; i < 10; i++) {
            context.setWallTime(now.minus(Duration.ofDays(i)));
            TestCandidacy candidacy = new TestCandidacy("e");
            LeaderElectionDriver driver = backend.elect(candidacy);
            assertThat(candidacy.granted().fencingToken()).isGreaterThan(last);
            last = candidacy.granted().fencingToken();
            done(driver.close());
        }
    }

    @Test
    void followersSeeWhatIsPublishedUntilItsLeaderLeaves() throws Exception {
        HighAvailabilityBackend backend = backend(cluster);
        TestFollowing following = new TestFollowing("e");
        LeaderRetrievalDriver watch = backend(cluster).retrieve(following);
        assertThat(following.latest().records()).isEmpty();

        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = backend.elect(candidacy);
        assertThat(following.latest().holderToken())
                .isEqualTo(candidacy.granted().fencingToken());
        done(driver.publish(Map.of("leader", candidacy.record("a"))));
        assertThat(following.address()).isEqualTo("a");
        assertThat(done(watch.read()).records()).isEqualTo(following.latest().records());
        assertThat(following.latest().historyId()).isEqualTo(candidacy.granted().historyId());

        done(driver.close());
        assertThat(following.latest().records()).isEmpty();
        assertThat(following.latest().holderToken()).isZero();

        int told = following.states().size();
        done(watch.close());
        backend.elect(new TestCandidacy("e"));
        assertThat(following.states()).hasSize(told);
    }

    @Test
    void whoDoesNotLeadChangesNothing() throws Exception {
        HighAvailabilityBackend backend = backend(cluster);
        TestCandidacy leader = new TestCandidacy("e");
        LeaderElectionDriver leading = backend.elect(leader);
        done(leading.publish(Map.of("leader", leader.record("a"))));
        done(leading.write(Change.create("entry", new byte[] {1})));
        Entry entry = done(backend.metadataStore("e").get("entry")).orElseThrow();
        LeaderElectionDriver waiting = backend.elect(new TestCandidacy("e"));
        LeaderRecord forged = new LeaderRecord(UUID.randomUUID(), Long.MAX_VALUE, "forged");

        assertThat(failure(waiting.publish(Map.of("leader", forged)))).isInstanceOf(LeadershipLostException.class);
        assertThat(failure(waiting.write(Change.delete(entry)))).isInstanceOf(LeadershipLostException.class);
        done(leading.close());
        assertThat(failure(leading.publish(Map.of("leader", forged)))).isInstanceOf(LeadershipLostException.class);
        assertThat(failure(leading.write(Change.replace(entry, new byte[0]))))
                .isInstanceOfSatisfying(LeadershipLostException.class, lost -> assertThat(lost.newerToken())
                        .isPresent());

        TestFollowing following = new TestFollowing("e");
        backend.retrieve(following);
        assertThat(following.latest().records()).isEmpty();
        assertThat(done(backend.metadataStore("e").get("entry")).orElseThrow().value())
                .containsExactly(1);
    }

    @Test
    void entriesAreVersionedAndOutliveTheirWriters() throws Exception {
        HighAvailabilityBackend first = backend(cluster);
        LeaderElectionDriver driver = first.elect(new TestCandidacy("e"));
        Change create = Change.create("a/1", new byte[] {1});
        String version = done(driver.write(create));
        done(driver.write(Change.create("a/2", new byte[] {2})));
        done(driver.write(Change.create("b", new byte[] {3})));
        assertThat(failure(driver.write(create))).isInstanceOf(ConflictException.class);
        done(first.close());

        HighAvailabilityBackend second = backend(cluster);
        assertThat(done(second.metadataStore("e").names("a/"))).containsExactlyInAnyOrder("a/1", "a/2");
        Entry entry = done(second.metadataStore("e").get("a/1")).orElseThrow();
        assertThat(entry.version()).isEqualTo(version);
        assertThat(entry.writeId()).isEqualTo(create.writeId());

        LeaderElectionDriver next = second.elect(new TestCandidacy("e"));
        assertThat(done(next.write(Change.replace(entry, new byte[] {9})))).isNotEqualTo(version);
        assertThat(failure(next.write(Change.delete(entry)))).isInstanceOf(ConflictException.class);
        Entry replaced = done(second.metadataStore("e").get("a/1")).orElseThrow();
        assertThat(done(next.write(Change.delete(replaced)))).isEmpty();
        assertThat(failure(next.write(Change.replace(replaced, new byte[0])))).isInstanceOf(ConflictException.class);
        assertThat(done(second.metadataStore("e").get("a/1"))).isEmpty();
    }

    @Test
    void clustersAndElectionsOfOddNamesNeverMeet() throws Exception {
        List<String> names = List.of("e", "E", "e ", "e/", "../e", "é", "e\u0301", "e\n", "x".repeat(200));
        List<TestCandidacy> candidacies = new ArrayList<>();
        for (String name : names) {
            TestCandidacy inElection = new TestCandidacy(name);
            backend(cluster).elect(inElection);
            TestCandidacy inCluster = new TestCandidacy("e");
            backend(cluster + name).elect(inCluster);
            candidacies.addAll(List.of(inElection, inCluster));
        }
        assertThat(candidacies).allMatch(TestCandidacy::isGranted);
    }

    @Test
    void closingTheBackendEndsWhatWasLeftOpen() throws Exception {
        HighAvailabilityBackend backend = backend(cluster);
        backend.elect(new TestCandidacy("e"));
        TestFollowing following = new TestFollowing("e");
        backend.retrieve(following);
        done(backend.close());
        done(backend.close());

        int told = following.states().size();
        TestCandidacy next = new TestCandidacy("e");
        backend(cluster).elect(next);
        assertThat(next.isGranted()).isTrue();
        assertThat(following.states()).hasSize(told);
        assertThatThrownBy(() -> backend.elect(new TestCandidacy("e"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backend.retrieve(new TestFollowing("e"))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void concurrentContendersNeverLeadTogether() throws Exception {
        AtomicInteger leaders = new AtomicInteger();
        int contenders = 8;
        CountDownLatch together = new CountDownLatch(contenders);
        ExecutorService threads = Executors.newFixedThreadPool(contenders);
        open.add(threads::shutdownNow);
        List<Future<Long>> lastTokens = new ArrayList<>();
        for (int i = 0; i < contenders; i++) {
            HighAvailabilityBackend backend = backend(cluster);
            lastTokens.add(threads.submit(() -> {
                together.countDown();
                together.await();
                long last = 0;
                for (int round = 0; round < 200; round++) {
                    TestCandidacy candidacy = new TestCandidacy("e");
                    LeaderElectionDriver driver = backend.elect(candidacy);
                    Grant grant = candidacy.granted();
                    assertThat(leaders.incrementAndGet()).isEqualTo(1);
                    assertThat(grant.fencingToken()).isGreaterThan(last);
                    last = grant.fencingToken();
                    leaders.decrementAndGet();
                    done(driver.close());
                }
                return last;
            }));
        }
        for (Future<Long> last : lastTokens) {
            assertThat(last.get()).isPositive();
        }
    }

    @Test
    void tenThousandElectionsAreHeldAtOnceWithoutAThread() throws Exception {
        TestContext context = new TestContext("high-availability.embedded.", cluster, Map.of());
        open.add(context);
        HighAvailabilityBackend backend = new EmbeddedBackendFactory().create(context);
        List<TestCandidacy> candidacies = new ArrayList<>();
        List<LeaderElectionDriver> drivers = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            candidacies.add(new TestCandidacy("election-" + i));
            drivers.add(backend.elect(candidacies.get(i)));
        }
        for (int i = 0; i < 10_000; i++) {
            done(drivers.get(i).publish(Map.of("leader", candidacies.get(i).record("address-" + i))));
        }
        assertThat(context.blocking()).isZero();
        assertThat(context.pending()).isZero();
        for (LeaderElectionDriver driver : drivers) {
            done(driver.close());
        }
    }
}
