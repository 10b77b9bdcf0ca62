package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Reason;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What a session believes and tells, without an engine around it that would hide it. */
@TestInstance(Lifecycle.PER_CLASS)
class SessionTest {
    private static final Duration TTL = Duration.ofSeconds(10);
    private static final Duration REREAD = Duration.ofSeconds(1);
    private EtcdServers server;
    private TestContext context = new TestContext("", "test", Map.of());
    private Loop loop = new Loop(context);
    private final List<Session> open = new ArrayList<>();

    @BeforeAll
    void start() throws Exception {
        server = EtcdServers.start(1);
    }

    @AfterAll
    void stop() throws Exception {
        server.close();
    }

    @AfterEach
    void endContext() throws Exception {
        for (Session session : open) {
            loop.submit(session::close).join();
        }
        open.clear();
        loop.close().join();
        context.close();
        context = new TestContext("", "test", Map.of());
        loop = new Loop(context);
    }

    /** For servers at {@code endpoints}, with nothing else out of the ordinary. */
    private static Settings settings(String endpoints, Duration ttl, Optional<Settings.Tls> tls) {
        return new Settings(
                Stream.of(endpoints.split(",", -1)).map(Endpoint::of).toList(),
                "/ha",
                ttl,
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                Optional.empty(),
                tls);
    }

    private Session session(Settings settings) {
        Session session = new Session(settings, context, loop, new Keys("/ha", "session"), REREAD);
        open.add(session);
        return session;
    }

    private static boolean says(byte[] message, String text) {
        return new String(message, StandardCharsets.ISO_8859_1).contains(text);
    }

    @Test
    void aSuspensionWhileTheFirstLeaseIsAskedForIsNoTimeGained() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0))) {
            FaultProxy.Hold request =
                    proxy.hold(Direction.TO_SERVER, message -> says(message, "etcdserverpb.Lease/LeaseGrant"));
            Session session = session(settings("127.0.0.1:" + proxy.address().getPort(), TTL, Optional.empty()));
            loop.execute(session::tenure);
            assertThat(request.awaitCaught(Waiting.patience())).isTrue();
            context.suspended(Duration.ofSeconds(20));
            request.release();
            Waiting.until(() -> !context.leases().isEmpty(), () -> "a lease");
            assertThat(context.leases().get(0).isValid()).isFalse();
        }
    }

    /** Nothing is written between two reads, so the second one shows the same revision. */
    @Test
    void aFollowerThatWasToldThatNothingIsKnownIsToldWhatIsReadAgain() throws Exception {
        try (EtcdServers idle = EtcdServers.start(1)) {
            Session session = session(settings(idle.endpoints(), TTL, Optional.empty()));
            TestFollowing following = new TestFollowing("x");
            FollowDriver follower = new FollowDriver(following, new Keys("/ha", "idle").election("x"), session);
            loop.execute(follower::start);
            Waiting.until(() -> !following.states().isEmpty(), () -> "a state");
            int before = following.states().size();
            loop.execute(
                    () -> follower.unknown(Reason.CONNECTION_LOST, new IllegalStateException("by a read that failed")));
            Waiting.until(() -> !following.troubles().isEmpty(), () -> "trouble");
            Waiting.until(() -> following.states().size() > before, () -> "a state again");
        }
    }

    @Test
    void aConnectionThatCannotEvenBeBegunIsToldAndTriedAgain() throws Exception {
        Settings.Tls tls = new Settings.Tls(Optional.empty(), Optional.empty(), Optional.of("user@host"));
        Session session = session(settings("https://localhost:1", TTL, Optional.of(tls)));
        loop.execute(session::start);
        Waiting.until(() -> !context.told().isEmpty(), () -> "trouble");
        assertThat(context.told().get(0)).contains("user@host");
    }

    @Test
    void aLeaseWhoseGrantWasLostIsAskedForAgainAndNobodyHearsOfIt() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0))) {
            FaultProxy.Hold request =
                    proxy.hold(Direction.TO_SERVER, message -> says(message, "etcdserverpb.Lease/LeaseGrant"));
            Session session = session(settings("127.0.0.1:" + proxy.address().getPort(), TTL, Optional.empty()));
            TestCandidacy candidacy = new TestCandidacy("x");
            CandidateDriver driver = new CandidateDriver(candidacy, new Keys("/ha", "lost").election("x"), session);
            loop.execute(driver::start);
            assertThat(request.awaitCaught(Waiting.patience())).isTrue();
            proxy.hangUp();
            candidacy.granted();
            assertThat(candidacy.isEnded()).isFalse();
        }
    }
}
