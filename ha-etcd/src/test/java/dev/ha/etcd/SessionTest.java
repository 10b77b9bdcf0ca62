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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a session believes and tells, without an engine around it that would hide it. */
class SessionTest extends OneServer {
    private static final Duration TTL = Duration.ofSeconds(10);
    private static final Duration REREAD = Duration.ofSeconds(1);

    private static TestSession session(FaultProxy proxy) {
        return new TestSession("127.0.0.1:" + proxy.address().getPort(), TTL, REREAD);
    }

    private static boolean isUp(TestSession session) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        session.loop().execute(() -> answer.complete(session.session().isUp()));
        return answer.join();
    }

    private static boolean says(byte[] message, String text) {
        return new String(message, StandardCharsets.ISO_8859_1).contains(text);
    }

    @Test
    void aSuspensionWhileTheFirstLeaseIsAskedForIsNoTimeGained() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                TestSession session = session(proxy)) {
            TestContext context = session.context();
            FaultProxy.Hold request =
                    proxy.hold(Direction.TO_SERVER, message -> says(message, "etcdserverpb.Lease/LeaseGrant"));
            session.loop().execute(session.session()::tenure);
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
        try (EtcdServers idle = EtcdServers.start(1);
                TestSession session = new TestSession(idle.endpoints(), TTL, REREAD)) {
            TestFollowing following = new TestFollowing("x");
            FollowDriver follower = new FollowDriver(following, session.election("x"), session.session());
            session.loop().execute(follower::start);
            Waiting.until(() -> !following.states().isEmpty(), () -> "a state");
            int before = following.states().size();
            session.loop()
                    .execute(() -> follower.unknown(
                            Reason.CONNECTION_LOST, new IllegalStateException("by a read that failed")));
            Waiting.until(() -> !following.troubles().isEmpty(), () -> "trouble");
            Waiting.until(() -> following.states().size() > before, () -> "a state again");
        }
    }

    @Test
    void aConnectionThatCannotEvenBeBegunIsToldAndTriedAgain() throws Exception {
        Settings.Tls tls = new Settings.Tls(Optional.empty(), Optional.empty(), Optional.of("user@host"));
        try (TestSession session = new TestSession("https://localhost:1", TTL, REREAD, Optional.of(tls))) {
            session.loop().execute(session.session()::start);
            Waiting.until(() -> !session.context().told().isEmpty(), () -> "trouble");
            assertThat(session.context().told().get(0)).contains("user@host");
        }
    }

    @Test
    void aLeaseWhoseGrantWasLostIsAskedForAgainAndNobodyHearsOfIt() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                TestSession session = session(proxy)) {
            FaultProxy.Hold request =
                    proxy.hold(Direction.TO_SERVER, message -> says(message, "etcdserverpb.Lease/LeaseGrant"));
            TestCandidacy candidacy = new TestCandidacy("x");
            CandidateDriver driver = new CandidateDriver(candidacy, session.election("lost"), session.session());
            session.loop().execute(driver::start);
            assertThat(request.awaitCaught(Waiting.patience())).isTrue();
            proxy.hangUp();
            candidacy.granted();
            assertThat(candidacy.isEnded()).isFalse();
        }
    }

    /** The first answer takes longer than a renewal may, as in a JVM that loads hundreds of classes on a busy machine. */
    @Test
    void theFirstAnswerOfTheOnlyServerMayTakeItsTime() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                TestSession session = session(proxy)) {
            proxy.stall(Direction.TO_CLIENT);
            session.loop().execute(session.session()::start);
            Waiting.until(() -> proxy.connections() > 0, () -> "a connection");
            TimeUnit.MILLISECONDS.sleep(
                    session.session().settings().tryTimeout().toMillis() * 3 / 2);
            proxy.resume();
            Waiting.until(
                    () -> isUp(session),
                    () -> "an answer, not " + session.context().told());
            assertThat(session.context().isInTrouble()).isFalse();
            assertThat(session.context().told()).allMatch("connected"::equals);
        }
    }
}
