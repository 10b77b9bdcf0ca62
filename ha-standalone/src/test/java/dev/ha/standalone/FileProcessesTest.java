package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static dev.ha.standalone.Waiting.stays;
import static dev.ha.standalone.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.spi.Change;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mode file among real processes. */
class FileProcessesTest {
    private final Path directory;
    private final FileServices services;
    private final List<Child> children = new ArrayList<>();

    FileProcessesTest(@TempDir Path directory) {
        this.directory = directory;
        services = new FileServices(directory);
    }

    @AfterEach
    void close() throws Exception {
        for (Child child : children) {
            child.kill();
        }
        services.closeAll();
    }

    private Child child() throws Exception {
        Child child = new Child(directory);
        children.add(child);
        return child;
    }

    private static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    @Test
    void aKilledLeaderIsReplacedAtOnce() throws Exception {
        List<Long> took = new ArrayList<>();
        Child leader = child();
        leader.send("elect e");
        long token = leader.await("granted").token();
        for (int i = 0; i < 5; i++) {
            Child standby = child();
            standby.send("elect e");
            TestFollowing following = new TestFollowing("e");
            services.backend().retrieve(following);
            until(
                    "the leader is known",
                    () -> !following.states().isEmpty() && following.latest().holderToken() != 0);

            long killed = nowMicros();
            leader.kill();
            Child.Event granted = standby.await("granted");
            took.add(granted.micros() - killed);
            assertThat(granted.token()).isGreaterThan(token);
            token = granted.token();
            leader = standby;
        }
        System.out.println("takeover after kill -9, in microseconds: " + took);
        assertThat(took).allMatch(micros -> micros < Waiting.PATIENCE.toMillis() * 1000);
    }

    @Test
    void followersLearnOfAKilledLeaderWithoutAStandby() throws Exception {
        Child leader = child();
        leader.send("elect e");
        leader.await("granted");
        leader.send("publish a");
        Child follower = child();
        follower.send("follow e");
        TestFollowing following = new TestFollowing("e");
        var watch = services.backend().retrieve(following);
        until("a is seen", () -> following.address().equals("a"));
        follower.await("seen " + following.latest().holderToken() + " a");

        long killed = nowMicros();
        leader.kill();
        assertThat(done(watch.read()).records()).isEmpty();
        assertThat(done(watch.read()).holderToken()).isZero();
        until("nobody is seen here", () -> following.latest().holderToken() == 0);
        until(
                "nobody is seen there",
                () -> follower.last("seen").orElseThrow().text().equals("seen 0 nobody"));
        System.out.println(
                "a follower knew after " + (follower.last("seen").orElseThrow().micros() - killed) + " microseconds");
    }

    /** The process lives, so only the lock itself tells; after that no look at the process may bring the leader back. */
    @Test
    void aLeaderWhoseLockIsGoneDoesNotComeBack() throws Exception {
        Child leader = child();
        leader.send("elect e");
        long token = leader.await("granted").token();
        leader.send("publish a");
        TestFollowing following = new TestFollowing("e");
        LeaderRetrievalDriver watch = services.backend().retrieve(following);
        until("a is seen", () -> following.address().equals("a"));

        leader.send("drop " + services.election("e").resolve("holder-" + token));
        leader.await("dropped");
        assertThat(done(watch.read()).holderToken()).isZero();
        Files.createFile(services.election("e").resolve("event"));
        until("nobody is told", () -> following.last().holderToken() == 0);
        for (int i = 0; i < 3; i++) {
            Files.createFile(services.election("e").resolve("event-" + i));
            stays("nobody is told", () -> following.last().holderToken() == 0);
        }
    }

    @Test
    void anotherProcessLeadsAsSoonAsTheLeaderHasLeft() throws Exception {
        Child leader = child();
        leader.send("elect e");
        Child.Event first = leader.await("granted");
        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = services.backend().elect(candidacy);
        stays("only one leads", () -> !candidacy.isGranted());
        leader.send("close");
        assertThat(candidacy.granted().fencingToken()).isGreaterThan(first.token());
        leader.await("closed");
        leader.send("elect e");
        done(driver.close());
        until(
                "the child leads again",
                () -> leader.last("granted").orElseThrow().token()
                        > candidacy.granted().fencingToken());
    }

    /** SAFETY F5: nobody leads beside a stopped leader, and what it held is still its own when it goes on. */
    @Test
    void aStoppedLeaderKeepsTheLock() throws Exception {
        Child leader = child();
        leader.send("elect e");
        leader.await("granted");
        TestCandidacy candidacy = new TestCandidacy("e");
        services.backend().elect(candidacy);
        TestFollowing following = new TestFollowing("e");
        services.backend().retrieve(following);
        until("the leader is seen", () -> following.latest().holderToken() != 0);

        leader.signal("STOP");
        stays("nobody else leads", () -> !candidacy.isGranted());
        leader.signal("CONT");
        leader.send("publish still");
        until("it publishes", () -> following.address().equals("still"));

        leader.signal("STOP");
        leader.kill();
        assertThat(candidacy.granted().fencingToken()).isPositive();
    }

    /** Rules 1.5 and 4.6 where an administrator has removed everything from under a leader that does not run. */
    @Test
    void aLeaderThatWasStoppedWhileAllWasRemovedChangesNothing() throws Exception {
        Child old = child();
        old.send("elect e");
        long token = old.await("granted").token();
        old.send("create entry old");
        old.await("created");
        old.signal("STOP");
        Files.move(services.election("e"), services.election("removed"));

        TestCandidacy candidacy = new TestCandidacy("e");
        HighAvailabilityBackend backend = services.backend();
        LeaderElectionDriver driver = backend.elect(candidacy);
        assertThat(candidacy.granted().fencingToken()).isGreaterThan(token);
        done(driver.publish(Map.of("leader", candidacy.record("new"))));
        done(driver.write(Change.create("entry", new byte[] {1})));

        old.send("publish late");
        old.send("create late late");
        old.signal("CONT");
        old.await("failed dev.ha.LeadershipLostException");
        old.await("ended REMOVED");
        until("both are refused", () -> old.count("failed dev.ha.LeadershipLostException") == 2);
        old.send("close");
        old.await("closed");
        assertThat(done(backend.metadataStore("e").names(""))).containsExactly("entry");
        assertThat(done(backend.metadataStore("e").get("entry")).orElseThrow().value())
                .containsExactly(1);
        LeaderRetrievalDriver watch = backend.retrieve(new TestFollowing("e"));
        assertThat(done(watch.read()).records()).isEqualTo(Map.of("leader", candidacy.record("new")));
        assertThat(candidacy.isEnded()).isFalse();
    }

    @Test
    void aRemovedLockFileLetsNoOtherProcessLead() throws Exception {
        Child leader = child();
        leader.send("elect e");
        Child.Event first = leader.await("granted");
        Child standby = child();
        standby.send("elect e");
        TestCandidacy candidacy = new TestCandidacy("e");
        services.backend().elect(candidacy);
        leader.signal("STOP");
        Path lock = services.election("e").resolve("lock");
        Files.delete(lock);
        until("a new lock file is held", () -> Files.exists(lock) && KernelLocks.isHeld(lock));
        stays(
                "nobody else leads",
                () -> !candidacy.isGranted() && standby.first("granted").isEmpty());

        leader.signal("CONT");
        leader.await("ended REMOVED");
        stays(
                "nobody else leads before it has left",
                () -> !candidacy.isGranted() && standby.first("granted").isEmpty());
        leader.kill();
        until(
                "another one leads",
                () -> candidacy.isGranted() || standby.first("granted").isPresent());
        long token = candidacy.isGranted()
                ? candidacy.granted().fencingToken()
                : standby.await("granted").token();
        assertThat(token).isGreaterThan(first.token());
    }

    /** As on a full disk, but for one process alone: it can lock files, and write nothing into them. */
    @Test
    void whoCanNotWriteDoesNotLeadAndLetsOthersLead() throws Exception {
        Child broken = new Child(directory, "ulimit -f 0;");
        children.add(broken);
        broken.send("elect e");
        broken.await("disconnected CONNECTION_LOST");
        TestCandidacy candidacy = new TestCandidacy("e");
        LeaderElectionDriver driver = services.backend().elect(candidacy);
        done(driver.publish(Map.of("leader", candidacy.record("a"))));
        assertThat(broken.first("granted")).isEmpty();
        done(driver.close());
        Child sound = child();
        sound.send("elect e");
        assertThat(sound.await("granted").token())
                .isGreaterThan(candidacy.granted().fencingToken());
    }

    @Test
    void manyElectionsOfOneDeadLeaderCostOneThread() throws Exception {
        int elections = 100;
        Child leader = child();
        TestContext context = services.context(FileServices.CLUSTER);
        HighAvailabilityBackend backend = services.backend(context);
        List<TestCandidacy> candidacies = new ArrayList<>();
        for (int i = 0; i < elections; i++) {
            leader.send("elect e" + i);
            until("the leader leads one more", () -> leader.count("granted") == candidacies.size() + 1);
            candidacies.add(new TestCandidacy("e" + i));
            backend.elect(candidacies.get(i));
        }
        until("only the two watches are at work", () -> context.blocking() <= 2);
        leader.kill();
        for (TestCandidacy candidacy : candidacies) {
            candidacy.granted();
        }
    }

    /**
     * Leaders leave, are killed, and lose their lock files, in this process and others, all the time: of any two terms one has ended before the other begins, and
     * tokens rise in that order.
     */
    @Test
    void termsNeverOverlap() throws Exception {
        Random random = new Random(7);
        Terms terms = new Terms();
        List<Child> contenders = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            contenders.add(child());
            contenders.get(i).send("elect e");
        }
        HighAvailabilityBackend backend = services.backend();
        TestCandidacy own = new TestCandidacy("e");
        LeaderElectionDriver driver = backend.elect(own);
        Path lock = services.election("e").resolve("lock");
        for (int round = 0; round < 25; round++) {
            TestCandidacy mine = own;
            until(
                    "somebody leads",
                    () -> mine.isGranted() || contenders.stream().anyMatch(Child::leads));
            if (random.nextInt(3) == 0) {
                Files.deleteIfExists(lock);
            }
            if (own.isGranted()) {
                terms.add(own.granted().fencingToken(), own.grantedAt(), nowMicros());
                done(driver.close());
                own = new TestCandidacy("e");
                driver = backend.elect(own);
                continue;
            }
            Child leader = contenders.stream().filter(Child::leads).findFirst().orElseThrow();
            Child.Event granted = leader.last("granted").orElseThrow();
            terms.add(granted.token(), granted.micros(), nowMicros());
            if (random.nextBoolean()) {
                leader.kill();
                contenders.remove(leader);
                contenders.add(child());
                contenders.get(2).send("elect e");
            } else {
                int closed = leader.count("closed");
                leader.send("close");
                until("it has left", () -> leader.count("closed") > closed);
                leader.send("elect e");
            }
        }
        terms.assertNoOverlap();
    }

    private static final class Terms {
        private record Term(long token, long from, long to) {}

        private final List<Term> all = new ArrayList<>();

        void add(long token, long from, long to) {
            all.add(new Term(token, from, to));
        }

        void assertNoOverlap() {
            assertThat(all).isSortedAccordingTo(Comparator.comparingLong(Term::token));
            for (int i = 1; i < all.size(); i++) {
                assertThat(all.get(i).from)
                        .as("%s after %s", all.get(i), all.get(i - 1))
                        .isGreaterThanOrEqualTo(all.get(i - 1).to);
                assertThat(all.get(i).token).isGreaterThan(all.get(i - 1).token);
            }
        }
    }
}
