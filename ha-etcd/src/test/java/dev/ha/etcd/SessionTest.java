package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Reason;
import dev.ha.spi.Candidacy;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
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
    private TestContext context = new TestContext();
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
        context = new TestContext();
        loop = new Loop(context);
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
            Session session =
                    session(TestContext.settings("127.0.0.1:" + proxy.address().getPort(), TTL, Optional.empty()));
            loop.execute(session::tenure);
            assertThat(request.awaitCaught(Waiting.PATIENCE)).isTrue();
            context.suspended(Duration.ofSeconds(20));
            request.release();
            Waiting.until(() -> !context.leases.isEmpty(), () -> "a lease");
            assertThat(context.leases.get(0).isValid()).isFalse();
        }
    }

    /** Nothing is written between two reads, so the second one shows the same revision. */
    @Test
    void aFollowerThatWasToldThatNothingIsKnownIsToldWhatIsReadAgain() throws Exception {
        try (EtcdServers idle = EtcdServers.start(1)) {
            Session session = session(TestContext.settings(idle.endpoints(), TTL, Optional.empty()));
            List<String> told = new CopyOnWriteArrayList<>();
            FollowDriver follower = new FollowDriver(following(told), new Keys("/ha", "idle").election("x"), session);
            loop.execute(follower::start);
            Waiting.until(() -> told.contains("seen"), () -> "a state, told " + told);
            loop.execute(() -> {
                told.clear();
                follower.unknown(Reason.CONNECTION_LOST, new IllegalStateException("by a read that failed"));
            });
            Waiting.until(
                    () -> told.contains("unknown") && told.lastIndexOf("seen") > told.indexOf("unknown"),
                    () -> "a state again, told " + told);
        }
    }

    private static Following following(List<String> told) {
        return new Following() {
            @Override
            public String election() {
                return "x";
            }

            @Override
            public void seen(ElectionState state) {
                told.add("seen");
            }

            @Override
            public void unknown(Reason reason, @Nullable Throwable cause) {
                told.add("unknown");
            }
        };
    }

    @Test
    void aConnectionThatCannotEvenBeBegunIsToldAndTriedAgain() throws Exception {
        Settings.Tls tls = new Settings.Tls(Optional.empty(), Optional.empty(), Optional.of("user@host"));
        Session session = session(TestContext.settings("https://localhost:1", TTL, Optional.of(tls)));
        loop.execute(session::start);
        Waiting.until(() -> !context.told.isEmpty(), () -> "trouble");
        assertThat(context.told.get(0)).contains("user@host");
    }

    @Test
    void aLeaseWhoseGrantWasLostIsAskedForAgainAndNobodyHearsOfIt() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0))) {
            FaultProxy.Hold request =
                    proxy.hold(Direction.TO_SERVER, message -> says(message, "etcdserverpb.Lease/LeaseGrant"));
            Session session =
                    session(TestContext.settings("127.0.0.1:" + proxy.address().getPort(), TTL, Optional.empty()));
            List<String> told = new CopyOnWriteArrayList<>();
            CandidateDriver driver =
                    new CandidateDriver(candidacy(told), new Keys("/ha", "lost").election("x"), session);
            loop.execute(driver::start);
            assertThat(request.awaitCaught(Waiting.PATIENCE)).isTrue();
            proxy.hangUp();
            Waiting.until(() -> told.contains("granted"), () -> "a grant, told " + told);
            assertThat(told).doesNotContain("ended");
        }
    }

    private static Candidacy candidacy(List<String> told) {
        return new Candidacy() {
            @Override
            public String election() {
                return "x";
            }

            @Override
            public void granted(Grant grant) {
                told.add("granted");
            }

            @Override
            public void recordsSeen(Map<String, LeaderRecord> records) {}

            @Override
            public void joined(Lease lease) {}

            @Override
            public void ended(Reason reason, @Nullable Throwable cause) {
                told.add("ended");
            }
        };
    }
}
