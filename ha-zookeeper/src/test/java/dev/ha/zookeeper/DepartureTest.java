package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConflictException;
import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.store.Entry;
import dev.ha.tck.support.Waiting;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.data.ACL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Candidates that can't be removed when they are given up, without an engine that would try again; and what a leader writes. */
@TestInstance(Lifecycle.PER_CLASS)
class DepartureTest {
    /** No List.of, which does not like to be asked for null, as the client does. */
    private static final List<ACL> NO_DELETION =
            Collections.singletonList(new ACL(Perms.ALL & ~Perms.DELETE, Ids.ANYONE_ID_UNSAFE));

    private InJvmServers server;
    private RawClient raw;

    @BeforeAll
    void start() throws Exception {
        server = InJvmServers.start(1);
        raw = new RawClient(server.connectString());
    }

    @AfterAll
    void stop() throws Exception {
        raw.close();
        server.close();
    }

    private void forbidDeletion(String election) throws Exception {
        raw.zk.setACL(election, NO_DELETION, -1);
    }

    private void allowDeletion(String election) throws Exception {
        raw.zk.setACL(election, Ids.OPEN_ACL_UNSAFE, -1);
    }

    private static void refused(Direct.Elected candidate) {
        assertThatThrownBy(candidate::close).hasCauseInstanceOf(UnavailableException.class);
    }

    @Test
    void whatTheEngineHasGivenUpIsRemovedAllTheSameAndThenForgotten() throws Exception {
        String x = RawClient.election("persistent", "x");
        try (Direct direct = new Direct(server.connectString(), "persistent", Map.of())) {
            Direct.Elected first = direct.elect("x");
            first.candidacy().granted();
            forbidDeletion(x);
            refused(first);
            assertThat(direct.backend.orphans()).isEqualTo(1);
            allowDeletion(x);

            raw.await(x, 0); // with nobody who looks at the election or asks again
            Waiting.until(() -> direct.backend.orphans() == 0, () -> "the answer");
            first.close(); // nobody has told the engine
            assertThat(direct.backend.orphans()).isZero();
            direct.elect("x").leave();
        }
    }

    @Test
    void writesToOneEntryTakeTurnsAndNoneTakesANewEntryForTheOldOne() throws Exception {
        try (Direct direct = new Direct(server.connectString(), "turns", Map.of())) {
            Direct.Elected leading = direct.elect("x");
            leading.candidacy().granted();
            Change first = Change.create("e", new byte[] {1});
            String version = get(leading.driver().write(first).toCompletableFuture());
            Entry old = new Entry("e", first.value(), version, first.writeId());

            CompletableFuture<String> deleted =
                    leading.driver().write(Change.delete(old)).toCompletableFuture();
            CompletableFuture<String> created =
                    leading.driver().write(Change.create("e", new byte[] {2})).toCompletableFuture();
            CompletableFuture<String> replaced =
                    leading.driver().write(Change.replace(old, new byte[] {3})).toCompletableFuture();

            assertThat(get(deleted)).isEmpty();
            assertThat(get(created)).endsWith("-0").isNotEqualTo(version);
            assertThatThrownBy(() -> get(replaced)).hasCauseInstanceOf(ConflictException.class);
            leading.close();
        }
    }

    @Test
    void theCloseOfASessionCarriesNoMoreThanItsLimitBelowAChroot() throws Exception {
        String chroot = "/" + "deep".repeat(30);
        int limit = 1_500;
        raw.zk.create(chroot, new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        try (Direct direct = new Direct(server.connectString() + chroot, "chroot", Map.of(), limit)) {
            Map<Long, Integer> bytes = new HashMap<>();
            for (int i = 0; i < 20; i++) {
                direct.elect("e" + i).candidacy().granted();
                String candidate = raw.await(chroot + RawClient.election("chroot", "e" + i), 1)
                        .get(0);
                bytes.merge(raw.owner(candidate), Integer.BYTES + candidate.length(), Integer::sum);
            }
            assertThat(bytes.values()).allMatch(sum -> sum <= limit);
        }
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
    }
}
