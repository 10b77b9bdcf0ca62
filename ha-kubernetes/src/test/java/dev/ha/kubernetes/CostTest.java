package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What an election costs the API server while nothing happens, by the server's own count (SAFETY K7). */
@Tag("once")
class CostTest {
    private static final int COMPONENTS = 50;
    private static final int SECONDS = 20;
    private static final int RETRY = 2;

    @Test
    void oneWriteForEachRenewalOfAnElectionWhateverItHas() throws Exception {
        Map<String, String> timing = Node.timing(15, 10, RETRY);
        try (KubeServers servers = KubeServers.start();
                Node leading = new Node(servers, "cost", timing);
                Node standby = new Node(servers, "cost", timing)) {
            List<TestContender> contenders = new ArrayList<>();
            for (int i = 0; i < COMPONENTS; i++) {
                TestContender contender = new TestContender();
                contenders.add(contender);
                leading.services().leaderElectionService("x").component("c" + i).start(contender);
            }
            for (int i = 0; i < COMPONENTS; i++) {
                contenders
                        .get(i)
                        .granted()
                        .confirm("a" + i)
                        .toCompletableFuture()
                        .get(60, TimeUnit.SECONDS);
            }
            standby.contend("x");
            TestListener listener = new TestListener();
            standby.services().leaderRetrieval("x", "c0").start(listener);
            listener.await("a0");
            TimeUnit.SECONDS.sleep(RETRY);
            Map<String, Long> before = servers.admin().requests("leases");
            TimeUnit.SECONDS.sleep(SECONDS);
            Map<String, Long> after = servers.admin().requests("leases");
            assertThat(between(before, after, "PUT"))
                    .as("writes in %s s of which each is to come after %s s: %s, %s", SECONDS, RETRY, before, after)
                    .isBetween(1L, SECONDS / RETRY + 2L);
            assertThat(between(before, after, "POST")).isZero();
            assertThat(between(before, after, "GET") + between(before, after, "LIST"))
                    .as("reads of two processes, %s, %s", before, after)
                    .isLessThanOrEqualTo(2 * SECONDS / 5); // lease-duration / 3 each
        }
    }

    private static long between(Map<String, Long> before, Map<String, Long> after, String verb) {
        return after.getOrDefault(verb, 0L) - before.getOrDefault(verb, 0L);
    }
}
