package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import java.util.concurrent.TimeUnit;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** The main job on a real server, without any fault. */
@TestInstance(Lifecycle.PER_CLASS)
class ElectionOnOneServerTest {
    private TestingServer server;

    @BeforeAll
    void start() throws Exception {
        server = new TestingServer();
    }

    @AfterAll
    void stop() throws Exception {
        server.close();
    }

    @Test
    void leadsPublishesHandsOverAndIsFollowed() throws Exception {
        try (Node first = new Node(server.getConnectString(), "handover");
                Node second = new Node(server.getConnectString(), "handover");
                Node third = new Node(server.getConnectString(), "handover")) {
            TestContender a = first.contend("x");
            Leadership led = a.granted();
            led.confirm("tcp://a").toCompletableFuture().get(60, TimeUnit.SECONDS);
            TestContender b = second.contend("x");
            TestListener followed = third.follow("x");
            followed.await("tcp://a");
            LeaderInformation read = third.services()
                    .leaderRetrieval("x")
                    .read()
                    .toCompletableFuture()
                    .get(60, TimeUnit.SECONDS);
            assertThat(read)
                    .isInstanceOfSatisfying(LeaderInformation.Leader.class, leader -> assertThat(leader.fencingToken())
                            .isEqualTo(led.fencingToken()));
            assertThat(b.isGranted()).isFalse();

            first.leave();

            Leadership next = b.granted();
            assertThat(next.fencingToken()).isGreaterThan(led.fencingToken());
            assertThat(led.isValid()).isFalse();
            next.confirm("tcp://b").toCompletableFuture().get(60, TimeUnit.SECONDS);
            followed.await("tcp://b");
        }
    }
}
