package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Leadership;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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
        assertThat(hold.awaitCaught(Waiting.PATIENCE)).isTrue();
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
                .flatMap(contender -> contender.all.stream())
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
            int seen = leading.candidacy().recordsSeen.size();
            raw.zk.setData(x + "/record", new byte[0], -1);
            Waiting.until(() -> leading.candidacy().recordsSeen.size() > seen, () -> "news of the record");
        }
    }
}
