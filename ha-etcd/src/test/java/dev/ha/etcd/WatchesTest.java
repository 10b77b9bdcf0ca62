package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.etcd.FrameProxy.Fate;
import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.support.TestFollowing;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a watch is not told, and what ends it, while the connection is well: there is no beat within these tests that could notice instead. */
@Tag("once")
class WatchesTest extends OneServer {
    /** Beats come every quarter of it. */
    private static final Duration NO_BEAT = Duration.ofMinutes(20);

    private static final Duration NO_REREAD = Duration.ofMinutes(20);
    private static final Duration REREAD = Duration.ofSeconds(1);

    private static final Pattern CREATED = Pattern.compile("(\u0010.)?\u0018\u0001", Pattern.DOTALL);

    /** One for all requests, and one that asked for the server's version. */
    private static final int CONNECTIONS = 2;

    /** Writes what no contender would, but what a watch shows. */
    private static long write(EtcdServers servers, String election) throws Exception {
        String answer = servers.ctl("put", "--write-out=json", "/ha/session/elections/" + election + "/note", "text");
        return Long.parseLong(answer.replaceAll("(?s).*\"revision\":(\\d+).*", "$1"));
    }

    private static boolean knows(TestFollowing following, long revision) {
        return !following.states().isEmpty()
                && following.states().get(following.states().size() - 1).revision() >= revision;
    }

    private static void awaitKnown(TestFollowing following, long revision) throws InterruptedException {
        Waiting.until(
                () -> knows(following, revision),
                () -> "revision " + revision + ", heard " + following.states() + following.troubles());
    }

    /** As {@link FaultProxy} shows a request: of all that name an election only the creation of a watch has a start revision behind the end of its range. */
    private static boolean createsWatch(byte[] message, String election) {
        return new String(message, StandardCharsets.ISO_8859_1).contains("/elections/" + election + "0\u0018");
    }

    /** The answer that a watch is there: of five bytes of gRPC's, a header of some length, perhaps an id, and field 3, which is true. */
    private static boolean isCreated(String text) {
        int headerLength = 6;
        return text.length() > headerLength
                && text.charAt(headerLength - 1) == '\n'
                && text.length() > headerLength + 1 + text.charAt(headerLength)
                && CREATED.matcher(text.substring(headerLength + 1 + text.charAt(headerLength)))
                        .matches();
    }

    @Test
    void aWatchOfCompactedRevisionsIsReadAndWatchedAnewAloneOfAll() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0));
                TestSession session =
                        new TestSession("127.0.0.1:" + proxy.address().getPort(), NO_BEAT, NO_REREAD)) {
            TestFollowing other = session.follow("other");
            awaitKnown(other, write(server, "other"));
            int heardOfOther = other.states().size();
            FaultProxy.Hold creation = proxy.hold(Direction.TO_SERVER, message -> createsWatch(message, "compacted"));
            TestFollowing following = session.follow("compacted");
            Waiting.until(() -> !following.states().isEmpty(), () -> "what is read");
            assertThat(creation.awaitCaught(Waiting.patience())).isTrue();
            long last = 0;
            for (int i = 0; i < 3; i++) {
                last = write(server, "compacted");
            }
            server.ctl("compact", Long.toString(last));
            creation.release();
            awaitKnown(following, last);
            awaitKnown(following, write(server, "compacted"));
            assertThat(other.states()).as("the stream was not replaced").hasSize(heardOfOther);
            assertThat(following.troubles()).isEmpty();
            assertThat(proxy.connections()).isLessThanOrEqualTo(CONNECTIONS);
        }
    }

    /** SAFETY E1, rule 5.2: only a server that is asked for a leader tells that it has none. */
    @Test
    void aStreamWhoseServerHasNoLeaderEndsAndComesBack() throws Exception {
        try (EtcdServers servers = EtcdServers.start(3);
                TestSession session = new TestSession(servers.get(2).endpoint(), NO_BEAT, NO_REREAD)) {
            TestFollowing following = session.follow("quorum");
            awaitKnown(following, write(servers, "quorum"));
            servers.get(0).kill();
            servers.get(1).kill();
            Waiting.until(
                    session.context()::isInTrouble,
                    () -> "trouble, told " + session.context().told());
            servers.get(0).start();
            servers.get(1).start();
            Waiting.until(() -> !session.context().isInTrouble(), () -> "the connection to be well");
            servers.leader();
            awaitKnown(following, write(servers, "quorum"));
        }
    }

    @Test
    void anEventThatIsLostIsFoundByReadingAndTheStreamIsReplaced() throws Exception {
        // An event is field 11 of an answer, its key and value field 2, the key field 1.
        Pattern event = Pattern.compile("Z.{1,2}\u0012.{1,2}\n./ha/session/elections/lost/note", Pattern.DOTALL);
        Set<Integer> dead = ConcurrentHashMap.newKeySet();
        Set<Integer> alive = ConcurrentHashMap.newKeySet();
        try (FrameProxy proxy = new FrameProxy(server.addresses().get(0), (stream, text) -> {
                    if (!event.matcher(text).find()) {
                        return Fate.PASS;
                    }
                    if (dead.isEmpty() || dead.contains(stream)) {
                        dead.add(stream);
                        return Fate.LOSE;
                    }
                    alive.add(stream);
                    return Fate.PASS;
                });
                TestSession session = new TestSession(proxy.endpoint(), NO_BEAT, REREAD)) {
            TestFollowing following = session.follow("lost");
            Waiting.until(() -> !following.states().isEmpty(), () -> "what is read");
            awaitKnown(following, write(server, "lost"));
            Waiting.until(() -> !dead.isEmpty(), () -> "an event to be lost");
            Waiting.until(
                    () -> {
                        long unused = write(server, "lost");
                        return !alive.isEmpty();
                    },
                    () -> "an event on another stream");
            awaitKnown(following, write(server, "lost"));
            assertThat(proxy.connections()).isLessThanOrEqualTo(CONNECTIONS);
        }
    }

    @Test
    void aStreamThatEndsAgainAndAgainBesideAServerThatIsWellIsNoStorm() throws Exception {
        AtomicInteger resets = new AtomicInteger();
        Set<String> healed = ConcurrentHashMap.newKeySet();
        try (FrameProxy proxy = new FrameProxy(server.addresses().get(0), (stream, text) -> {
                    if (healed.isEmpty() && isCreated(text)) {
                        resets.incrementAndGet();
                        return Fate.RESET;
                    }
                    return Fate.PASS;
                });
                TestSession session = new TestSession(proxy.endpoint(), NO_BEAT, NO_REREAD)) {
            TestFollowing following = session.follow("storm");
            Waiting.until(() -> resets.get() > 1, () -> "streams to be reset");
            TimeUnit.SECONDS.sleep(5);
            assertThat(resets.get()).as("streams in five seconds").isBetween(3, 12);
            healed.add("yes");
            long written = write(server, "storm");
            awaitKnown(following, written);
            awaitKnown(following, write(server, "storm"));
        }
    }
}
