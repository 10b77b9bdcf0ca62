package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static dev.ha.standalone.Waiting.failure;
import static dev.ha.standalone.Waiting.stays;
import static dev.ha.standalone.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.store.Entry;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mode file among several services of this JVM. */
class FileBackendTest {
    private final Path directory;
    private final FileServices services;

    FileBackendTest(@TempDir Path directory) {
        this.directory = directory;
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
            assertThat(leading.get(0).granted().fencingToken()).isGreaterThan(lastToken);
            lastToken = leading.get(0).granted().fencingToken();
            int leader = candidacies.indexOf(leading.get(0));
            candidacies.remove(leader);
            done(drivers.remove(leader).close());
        }
    }

    @Test
    void followersSeeWhatIsPublishedUntilItsLeaderLeaves() throws Exception {
        TestFollowing following = new TestFollowing("e");
        LeaderRetrievalDriver watch = services.backend().retrieve(following);
        until("the first state is told", () -> !following.states().isEmpty());
        assertThat(following.latest().records()).isEmpty();

        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = services.backend().elect(candidacy);
        done(driver.publish(Map.of("leader", candidacy.record("a"))));
        until("a is seen", () -> following.address().equals("a"));
        assertThat(following.latest().holderToken())
                .isEqualTo(candidacy.granted().fencingToken());
        assertThat(following.latest().historyId()).isEqualTo(candidacy.granted().historyId());
        assertThat(done(watch.read())).isEqualTo(following.latest());

        done(driver.close());
        assertThat(done(watch.read()).records()).isEmpty();
        assertThat(done(watch.read()).holderToken()).isZero();
        until("nobody is seen", () -> following.latest().holderToken() == 0);
        assertThat(following.address()).isEmpty();
    }

    @Test
    void aRemovedLockEndsTheGrantAndLetsNobodyElseLeadBeforeItIsReleased() throws Exception {
        TestCandidacy first = new TestCandidacy("e");
        LeaderElectionDriver leading = services.backend().elect(first);
        first.granted();
        TestCandidacy second = new TestCandidacy("e");
        LeaderElectionDriver waiting = services.backend().elect(second);

        Path lock = services.election("e").resolve("lock");
        Files.delete(lock);
        assertThat(first.end()).isEqualTo(Reason.REMOVED);
        until("the second locks a new file", () -> Files.exists(lock) && KernelLocks.isHeld(lock));
        stays("only the holder's file keeps the second from leading", () -> !second.isGranted());

        done(leading.close());
        assertThat(second.granted().fencingToken())
                .isGreaterThan(first.granted().fencingToken());
        assertThat(second.granted().historyId()).isEqualTo(first.granted().historyId());
        done(waiting.publish(Map.of("leader", second.record("b"))));
    }

    @Test
    void twoLockFilesLetOnlyOneLead() throws Exception {
        TestCandidacy first = new TestCandidacy("e");
        LeaderElectionDriver leading = services.backend().elect(first);
        first.granted();
        Path lock = services.election("e").resolve("lock");
        List<TestCandidacy> waiting = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Files.deleteIfExists(lock);
            waiting.add(new TestCandidacy("e"));
            services.backend().elect(waiting.get(i));
            until("a new lock file is held", () -> Files.exists(lock) && KernelLocks.isHeld(lock));
        }
        stays("nobody leads beside the holder", () -> waiting.stream().noneMatch(TestCandidacy::isGranted));
        done(leading.close());
        until("one leads", () -> waiting.stream().anyMatch(TestCandidacy::isGranted));
        stays(
                "only one leads",
                () -> waiting.stream().filter(TestCandidacy::isGranted).count() == 1);
    }

    @Test
    void aRemovedHolderFileEndsTheGrant() throws Exception {
        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = services.backend().elect(candidacy);
        Files.delete(
                services.election("e").resolve("holder-" + candidacy.granted().fencingToken()));
        assertThat(candidacy.end()).isEqualTo(Reason.REMOVED);
        assertThat(failure(driver.publish(Map.of("leader", candidacy.record("late")))))
                .isInstanceOf(LeadershipLostException.class);
        done(driver.close());
    }

    @Test
    void aWipedElectionBeginsAnotherHistoryWithALargerToken() throws Exception {
        TestCandidacy first = new TestCandidacy("e");
        LeaderElectionDriver leading = services.backend().elect(first);
        done(leading.publish(Map.of("leader", first.record("a"))));
        done(leading.write(Change.create("entry", new byte[] {1})));
        TestFollowing following = new TestFollowing("e");
        services.backend().retrieve(following);
        until("a is seen", () -> following.address().equals("a"));

        Files.move(services.election("e"), services.election("wiped"));
        assertThat(first.end()).isEqualTo(Reason.REMOVED);
        assertThat(failure(leading.write(Change.create("late", new byte[0]))))
                .isInstanceOf(LeadershipLostException.class);
        TestCandidacy second = new TestCandidacy("e");
        LeaderElectionDriver next = services.backend().elect(second);
        assertThat(second.granted().fencingToken())
                .isGreaterThan(first.granted().fencingToken());
        assertThat(second.granted().historyId()).isNotEqualTo(first.granted().historyId());
        done(next.publish(Map.of("leader", second.record("b"))));
        until(
                "b is seen",
                () -> following
                                .states()
                                .get(following.states().size() - 1)
                                .records()
                                .containsKey("leader")
                        && following
                                .states()
                                .get(following.states().size() - 1)
                                .historyId()
                                .equals(second.granted().historyId()));

        done(leading.close());
        assertThat(done(next.write(Change.create("entry", new byte[] {2})))).isNotEmpty();
        assertThat(done(services.backend().metadataStore("e").names(""))).containsExactly("entry");
    }

    @Test
    void tokensRiseThoughTheClockGoesBack() throws Exception {
        TestContext context = services.context(FileServices.CLUSTER);
        HighAvailabilityBackend backend = services.backend(context);
        Instant now = Instant.now();
        long last = 0;
        for (int i = 0; i < 4; i++) {
            context.setWallTime(now.minus(Duration.ofDays(i)));
            TestCandidacy candidacy = new TestCandidacy("e");
            LeaderElectionDriver driver = backend.elect(candidacy);
            assertThat(candidacy.granted().fencingToken()).isGreaterThan(last);
            last = candidacy.granted().fencingToken();
            done(driver.close());
        }
    }

    @Test
    void aDamagedTokenFileBeginsAnotherHistoryAndEndsTheGrant() throws Exception {
        TestCandidacy first = new TestCandidacy("e");
        LeaderElectionDriver leading = services.backend().elect(first);
        first.granted();
        Files.writeString(services.election("e").resolve("token"), "damaged");
        assertThat(first.end()).isEqualTo(Reason.REMOVED);
        done(leading.close());
        TestCandidacy second = new TestCandidacy("e");
        services.backend().elect(second);
        assertThat(second.granted().fencingToken())
                .isGreaterThan(first.granted().fencingToken());
        assertThat(second.granted().historyId()).isNotEqualTo(first.granted().historyId());
    }

    @Test
    void aDamagedOrRemovedRecordIsReportedToItsLeader() throws Exception {
        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = services.backend().elect(candidacy);
        Map<String, LeaderRecord> records = Map.of("leader", candidacy.record("a"));
        TestFollowing following = new TestFollowing("e");
        services.backend().retrieve(following);
        Path record = services.election("e").resolve("record");
        for (int i = 0; i < 4; i++) {
            done(driver.publish(records));
            until("a is seen", () -> following.address().equals("a"));
            candidacy.recordsSeen().clear();
            if (i % 2 == 0) {
                Files.delete(record);
            } else {
                Files.writeString(record, "damaged");
            }
            until("its leader hears of it", () -> candidacy.recordsSeen().contains(Map.of()));
            until("nobody is seen", () -> following.address().isEmpty());
            assertThat(following.latest().holderToken())
                    .isEqualTo(candidacy.granted().fencingToken());
        }
        assertThat(candidacy.isEnded()).isFalse();
    }

    @Test
    void whoWaitsWithoutTheHolderFileGoneMayLeave() throws Exception {
        TestCandidacy first = new TestCandidacy("e");
        LeaderElectionDriver leading = services.backend().elect(first);
        first.granted();
        Files.delete(services.election("e").resolve("lock"));
        TestCandidacy second = new TestCandidacy("e");
        LeaderElectionDriver pending = services.backend().elect(second);
        Path lock = services.election("e").resolve("lock");
        until("the second has the lock", () -> Files.exists(lock) && KernelLocks.isHeld(lock));
        TestCandidacy third = new TestCandidacy("e");
        services.backend().elect(third);
        done(pending.close());
        done(leading.close());
        assertThat(third.granted().fencingToken()).isGreaterThan(first.granted().fencingToken());
        assertThat(second.isGranted()).isFalse();
    }

    @Test
    void entriesAreFencedAndOutliveTheirWriters() throws Exception {
        HighAvailabilityBackend backend = services.backend();
        TestCandidacy first = new TestCandidacy("e");
        LeaderElectionDriver driver = backend.elect(first);
        first.granted();
        String version = done(driver.write(Change.create("a", new byte[] {1})));
        assertThat(failure(driver.write(Change.create("a", new byte[] {2})))).isInstanceOf(ConflictException.class);
        TestCandidacy second = new TestCandidacy("e");
        LeaderElectionDriver waiting = services.backend().elect(second);
        assertThat(failure(waiting.write(Change.create("b", new byte[0])))).isInstanceOf(LeadershipLostException.class);
        done(driver.close());
        assertThat(failure(driver.write(Change.create("b", new byte[0])))).isInstanceOf(LeadershipLostException.class);

        second.granted();
        Entry entry = done(backend.metadataStore("e").get("a")).orElseThrow();
        assertThat(entry.version()).isEqualTo(version);
        assertThat(done(waiting.write(Change.replace(entry, new byte[] {3})))).isNotEqualTo(version);
        assertThat(done(backend.metadataStore("never led").names(""))).isEmpty();
        assertThat(done(backend.metadataStore("never led").get("a"))).isEmpty();
        assertThat(services.election("never_20led")).doesNotExist();
    }

    @Test
    void clustersAndElectionsOfOddNamesNeverMeet() throws Exception {
        List<String> names = List.of(
                "e",
                "E",
                "e ",
                "e/",
                "../e",
                "..",
                ".processes",
                "\u00e9",
                "e\u0301",
                "e\n",
                "x".repeat(200),
                "\u6f22".repeat(200));
        List<TestCandidacy> candidacies = new ArrayList<>();
        for (String name : names) {
            TestCandidacy inElection = new TestCandidacy(name);
            services.backend().elect(inElection);
            TestCandidacy inCluster = new TestCandidacy("e");
            services.backend("cluster" + name).elect(inCluster);
            candidacies.addAll(List.of(inElection, inCluster));
        }
        for (TestCandidacy candidacy : candidacies) {
            assertThat(candidacy.granted().fencingToken()).isPositive();
        }
        try (Stream<Path> all = Files.list(directory)) {
            assertThat(all).hasSize(names.size() + 1);
        }
    }

    @Test
    void troubleIsToldOnceAndEndsByItself() throws Exception {
        Path inTheWay = Files.createFile(directory.resolve("file"));
        FileServices broken = new FileServices(inTheWay);
        TestContext context = broken.context(FileServices.CLUSTER);
        HighAvailabilityBackend backend = broken.backend(context);
        TestCandidacy candidacy = new TestCandidacy("e");
        TestFollowing following = new TestFollowing("e");
        backend.elect(candidacy);
        LeaderRetrievalDriver watch = backend.retrieve(following);
        until(
                "trouble is told",
                () -> !context.told().isEmpty() && !following.troubles().isEmpty());
        assertThat(failure(watch.read())).isInstanceOf(UnavailableException.class);
        assertThat(failure(backend.metadataStore("e").get("a"))).isInstanceOf(UnavailableException.class);

        Files.delete(inTheWay);
        candidacy.granted();
        until("the follower sees the holder", () -> following.latest().holderToken() != 0);
        until("the end is told", () -> context.told().size() == 2);
        assertThat(context.told().get(0)).startsWith("ACCESS_DENIED").contains(inTheWay.toString());
        assertThat(context.told().get(1)).isEqualTo("connected");
        assertThat(following.troubles()).containsExactly(Reason.ACCESS_DENIED);
        assertThat(candidacy.isEnded()).isFalse();
        broken.closeAll();
    }

    @Test
    void nothingIsLeftOpenOrRunningAfterClose() throws Exception {
        Map<Object, Object> propertiesBefore = Map.copyOf(System.getProperties());
        TestContext context = services.context(FileServices.CLUSTER);
        HighAvailabilityBackend backend = services.backend(context);
        for (int i = 0; i < 10; i++) {
            TestCandidacy candidacy = new TestCandidacy("e" + i);
            backend.elect(candidacy);
            backend.retrieve(new TestFollowing("e" + i));
            candidacy.granted();
        }
        assertThat(openFiles()).isNotEmpty();
        done(backend.close());
        done(backend.close());
        assertThat(openFiles()).isEmpty();
        until("no task is left", () -> context.blocking() == 0 && context.pending() == 0);
        assertThat(Map.copyOf(System.getProperties())).isEqualTo(propertiesBefore);
        try (Stream<Path> processes =
                Files.list(directory.resolve(FileServices.CLUSTER).resolve(".processes"))) {
            assertThat(processes).isEmpty();
        }
        assertThatThrownBy(() -> backend.elect(new TestCandidacy("e"))).isInstanceOf(IllegalStateException.class);
    }

    /** Files below the directory that this JVM has open. */
    private List<Path> openFiles() throws IOException {
        List<Path> open = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    Path file = Files.readSymbolicLink(descriptor);
                    if (file.startsWith(directory)) {
                        open.add(file);
                    }
                } catch (NoSuchFileException justClosed) {
                    // The one this listing was made with, for example.
                }
            }
        }
        return open;
    }

    @Test
    void creatingABackendDoesNothing() {
        Path untouched = directory.resolve("untouched");
        new FileServices(untouched).backend();
        assertThat(untouched).doesNotExist();
    }
}
