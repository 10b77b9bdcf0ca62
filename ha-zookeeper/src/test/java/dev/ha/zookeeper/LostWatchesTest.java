package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestFollowing;
import dev.ha.tck.support.Waiting;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Watches whose setting or whose event is lost with a connection, and those that nobody needs any more. */
@TestInstance(Lifecycle.PER_CLASS)
class LostWatchesTest {
    private static final Map<String, String> SHORT =
            Map.of("client.session-timeout", "6 s", "client.connection-timeout", "3 s", "client.retry-wait", "100 ms");
    private static final Map<String, String> TOLERANT = Map.of(
            "client.session-timeout", "6 s",
            "client.connection-timeout", "3 s",
            "client.tolerate-suspended-connections", "true");
    /** A candidate's whole name, as in no creation, which leaves the sequence to the server. */
    private static final Pattern CANDIDATE = Pattern.compile("/c-.{22}-\\d{10}", Pattern.DOTALL);

    private InJvmServers server;
    private InetSocketAddress address;
    private RawClient raw;

    @BeforeAll
    void start() throws Exception {
        server = InJvmServers.start(1, Map.of("4lw.commands.whitelist", "*"));
        address = server.addresses().get(0);
        raw = new RawClient(server.connectString());
    }

    @AfterAll
    void stop() throws Exception {
        raw.close();
        server.close();
    }

    private static String through(FaultProxy proxy) {
        return "127.0.0.1:" + proxy.address().getPort();
    }

    private static Predicate<byte[]> containing(String text) {
        return bytes -> text(bytes).contains(text);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static void await(FaultProxy.Hold hold) throws InterruptedException {
        assertThat(hold.awaitCaught(Waiting.patience())).isTrue();
    }

    @Test
    void aCandidateWhoseOwnWatchWasLostBeforeItWasSetLearnsOfItsEndAllTheSame() throws Exception {
        String x = RawClient.election("own", "x");
        try (FaultProxy proxy = FaultProxy.before(address);
                Node first = new Node(server.connectString(), "own", SHORT);
                Node second = new Node(through(proxy), "own", SHORT);
                Node third = new Node(server.connectString(), "own", SHORT)) {
            first.contend("x").granted();
            FaultProxy.Hold watching = proxy.hold(
                    Direction.TO_SERVER, bytes -> CANDIDATE.matcher(text(bytes)).find());
            TestContender b = second.contend("x");
            await(watching);
            List<String> queue = raw.await(x, 2);
            long session = raw.owner(queue.get(1));
            proxy.cut();
            proxy.resume();
            Waiting.until(
                    () -> RawClient.watched(address, session).contains(queue.get(0)),
                    () -> "the watch of the predecessor on a new connection of the same session");

            raw.zk.delete(queue.get(1), -1);
            TestContender c = third.contend("x");
            Set<Long> others = Set.of(raw.owner(queue.get(0)), session);
            Waiting.until(() -> !others.containsAll(raw.owners(x)), () -> "the third candidate");
            first.leave();

            Waiting.until(
                    () -> b.isGranted() || raw.owners(x).contains(session),
                    () -> "the second one to lead or to queue anew");
            Waiting.until(() -> tokens(b, c).contains(token(x)), () -> "the grant of the lock's holder");
            assertThat(tokens(b, c)).containsOnly(token(x));
        }
    }

    /** Of the lock's holder. */
    private long token(String election) throws Exception {
        return raw.zk.exists(raw.candidates(election).get(0), false).getCzxid();
    }

    private static List<Long> tokens(TestContender... contenders) {
        return Stream.of(contenders)
                .flatMap(contender -> contender.all().stream())
                .filter(Leadership::isValid)
                .map(Leadership::fencingToken)
                .toList();
    }

    @Test
    void theWatchOfTheRecordIsSetAnewWhenItWasLostBeforeItWasSet() throws Exception {
        String x = RawClient.election("restored", "x");
        try (FaultProxy proxy = FaultProxy.before(address);
                Direct direct = new Direct(through(proxy), "restored", TOLERANT)) {
            direct.elect("x").leave(); // makes the election
            FaultProxy.Hold watching = proxy.hold(Direction.TO_SERVER, containing("/record"));
            Direct.Elected leading = direct.elect("x");
            await(watching);
            long session = raw.owner(raw.await(x, 1).get(0));
            proxy.cut();
            proxy.resume();
            Waiting.until(
                    () -> RawClient.watched(address, session).contains(x + "/record"),
                    () -> "the watch of the record on a new connection of the same session");
            int seen = leading.candidacy().recordsSeen().size();
            raw.zk.setData(x + "/record", new byte[0], -1);
            Waiting.until(() -> leading.candidacy().recordsSeen().size() > seen, () -> "news of the record");
        }
    }

    /** Breaks the connection: on the next one the client sets what it thinks it has, and the server forgets what the client does not know of. */
    private static void reconnect(FaultProxy proxy, Direct direct) throws Exception {
        long before = direct.context.timesConnected();
        proxy.hangUp();
        Waiting.until(() -> direct.context.timesConnected() > before, () -> "another connection");
    }

    @Test
    void noWatchIsLeftOnACandidateThatIsGone() throws Exception {
        String x = RawClient.election("gone", "x");
        try (FaultProxy proxy = FaultProxy.before(address);
                Direct first = new Direct(server.connectString(), "gone", SHORT);
                Direct direct = new Direct(through(proxy), "gone", SHORT)) {
            first.elect("x").candidacy().granted();
            String predecessor = raw.await(x, 1).get(0);
            FaultProxy.Hold watching = proxy.hold(Direction.TO_SERVER, containing(predecessor));
            Direct.Elected second = direct.elect("x");
            await(watching);
            String own = raw.await(x, 2).get(1);
            long session = raw.owner(own);
            raw.zk.delete(predecessor, -1);
            watching.release();
            second.candidacy().granted();
            assertThat(RawClient.watched(address, session)).contains(own).doesNotContain(predecessor);
            second.close();

            FaultProxy.Hold watchingItself = proxy.hold(
                    Direction.TO_SERVER, bytes -> CANDIDATE.matcher(text(bytes)).find());
            Direct.Elected third = direct.elect("x");
            await(watchingItself);
            String gone = raw.await(x, 1).get(0);
            raw.zk.delete(gone, -1);
            watchingItself.release();
            third.candidacy().end();
            assertThat(RawClient.watched(address, session)).doesNotContain(gone);
        }
    }

    @Test
    void aCandidateThatWasRemovedStopsWatchingItsPredecessor() throws Exception {
        String x = RawClient.election("removed", "x");
        try (FaultProxy proxy = FaultProxy.before(address);
                Direct first = new Direct(server.connectString(), "removed", SHORT);
                Direct direct = new Direct(through(proxy), "removed", SHORT)) {
            first.elect("x").candidacy().granted();
            Direct.Elected second = direct.elect("x");
            List<String> queue = raw.await(x, 2);
            long session = raw.owner(queue.get(1));
            Waiting.until(
                    () -> RawClient.watched(address, session).contains(queue.get(0)),
                    () -> "the watch of the predecessor");
            raw.zk.delete(queue.get(1), -1);
            assertThat(second.candidacy().end()).isEqualTo(Reason.REMOVED);
            second.close();
            reconnect(proxy, direct);
            assertThat(RawClient.watched(address, session)).doesNotContain(queue.get(0));
        }
    }

    @Test
    void aFollowerThatIsClosedWithoutAConnectionLeavesNoWatch() throws Exception {
        String x = RawClient.election("unfollowed", "x");
        try (FaultProxy proxy = FaultProxy.before(address);
                Direct direct = new Direct(through(proxy), "unfollowed", SHORT)) {
            direct.elect("x").candidacy().granted();
            long session = raw.owner(raw.await(x, 1).get(0));
            TestFollowing following = new TestFollowing("x");
            LeaderRetrievalDriver driver = direct.backend.retrieve(following);
            Waiting.until(() -> !following.states().isEmpty(), () -> "the state");
            assertThat(RawClient.watched(address, session)).contains(x);
            long before = direct.context.timesConnected();
            proxy.cut();
            Waiting.until(direct.context::isInTrouble, () -> "trouble");
            driver.close().toCompletableFuture().get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
            int attempts = proxy.connections();
            Waiting.until(() -> proxy.connections() > attempts + 1, () -> "a connection that fails");
            proxy.resume();
            Waiting.until(() -> direct.context.timesConnected() > before, () -> "another connection");
            assertThat(raw.owners(x)).contains(session);
            assertThat(RawClient.watched(address, session)).doesNotContain(x);
        }
    }

    @Test
    void aFollowerThatIsClosedBeforeItsWatchIsSentLeavesNone() throws Exception {
        String x = RawClient.election("early", "x");
        try (FaultProxy proxy = FaultProxy.before(address);
                Direct direct = new Direct(through(proxy), "early", SHORT)) {
            AtomicReference<@Nullable LeaderRetrievalDriver> driver = new AtomicReference<>();
            CompletableFuture<CompletionStage<Void>> closing = new CompletableFuture<>();
            proxy.cut(); // so that the driver is known before it begins
            direct.context.beforeTimerOf(
                    FollowDriver.class,
                    "watch",
                    () -> closing.complete(
                            Waiting.present(driver.get(), "a driver").close()));
            driver.set(direct.backend.retrieve(new TestFollowing("x")));
            proxy.resume();
            closing.get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
            direct.elect("x").candidacy().granted();
            long session = raw.owner(raw.await(x, 1).get(0));
            reconnect(proxy, direct);
            assertThat(RawClient.watched(address, session)).doesNotContain(x);
        }
    }

    @Test
    void aFollowerTriesAgainOnceHoweverMuchFails() throws Exception {
        String x = RawClient.election("denied", "x");
        try (Direct other = new Direct(server.connectString(), "denied", SHORT);
                Direct direct = new Direct(server.connectString(), "denied", SHORT)) {
            other.elect("x").leave(); // makes the election
            raw.zk.setACL(
                    x + "/record",
                    Collections.singletonList(new ACL(Perms.ALL & ~Perms.READ, Ids.ANYONE_ID_UNSAFE)),
                    -1);
            TestFollowing following = new TestFollowing("x");
            LeaderRetrievalDriver driver = direct.backend.retrieve(following);
            for (int i = 0; i < 5; i++) {
                int before = following.troubles().size();
                raw.zk.create(x + "/other-" + i, new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
                Waiting.until(() -> following.troubles().size() > before, () -> "another refusal");
            }
            assertThat(direct.context.pending(FollowDriver.RETRY)).isLessThanOrEqualTo(1);
            raw.zk.setACL(x + "/record", Ids.OPEN_ACL_UNSAFE, -1);
            Waiting.until(() -> !following.states().isEmpty(), () -> "the state");
            driver.close().toCompletableFuture().get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
        }
    }
}
