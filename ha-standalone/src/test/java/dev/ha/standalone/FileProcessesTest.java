package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static dev.ha.standalone.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
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
                    () -> !following.seen.isEmpty() && following.latest().holderToken() != 0);

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
}
