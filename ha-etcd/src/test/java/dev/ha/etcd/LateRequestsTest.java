package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderElection;
import dev.ha.Leadership;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.Waiting;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A request that nobody waits for any more is carried out after all: on etcd nothing that is read before can tell (SAFETY C1, S10; rules 2.7, 4.6). */
class LateRequestsTest extends OneServer {
    /** Longer than any test: what stays on a lease that is renewed stays for ever. */
    private static final Map<String, String> SETTINGS = Map.of("lease-ttl", "60 s", "request-timeout", "1 s");

    private static final Map<String, String> SHORT = Map.of("lease-ttl", "5 s");

    @Test
    void aCreationThatWasRepeatedLeavesNoCandidateBehind() throws Exception {
        try (LateRequest creation = new LateRequest(server, "/elections/x/c/");
                Node node = new Node(creation.endpoints(), "repeated", SETTINGS)) {
            TestContender contender = new TestContender();
            LeaderElection election = node.services().leaderElection("x");
            election.start(contender);
            contender.granted().confirm("here").toCompletableFuture().get(60, TimeUnit.SECONDS);
            election.close();
            creation.arrive();
            isFree("repeated");
        }
    }

    @Test
    void aCreationThatWasGivenUpLeavesNoCandidateBehind() throws Exception {
        try (LateRequest creation = new LateRequest(server, "/elections/x/c/");
                Node node = new Node(creation.endpoints(), "given-up", SETTINGS)) {
            LeaderElection election = node.services().leaderElection("x");
            election.start(new TestContender());
            creation.awaitSent();
            election.close();
            creation.arrive();
            isFree("given-up");
        }
    }

    private void isFree(String cluster) throws Exception {
        assertThat(server.ctl("get", "--prefix", "--keys-only", "/ha/" + cluster + "/elections/x/c/"))
                .isBlank();
        try (Node other = new Node(server.endpoints(), cluster, SHORT)) {
            other.contend("x").granted();
        }
    }

    @Test
    void anEntryThatWasCreatedTwiceStaysDeleted() throws Exception {
        try (LateRequest creation = new LateRequest(server, "/entries/x/a");
                Node node = new Node(creation.endpoints(), "entry", SETTINGS)) {
            Leadership led = node.contend("x").granted();
            EntryStore entries = node.services().stores("x").entries();
            Entry entry = await(entries.create(led, "a", new byte[] {1})); // sent twice
            await(entries.delete(led, entry));
            creation.arrive();
            assertThat(await(entries.get("a"))).isEmpty();
            assertThat(await(entries.create(led, "a", new byte[] {2})).value()).containsExactly(2);
        }
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
    }
}
