package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.tck.support.TestContender;
import dev.ha.tck.support.TestListener;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The main job on a real server, without any fault. */
class ElectionOnOneServerTest {
    @Test
    void leadsPublishesHandsOverAndIsFollowed() throws Exception {
        try (EtcdServers servers = EtcdServers.start(1);
                Node first = new Node(servers.endpoints(), "handover");
                Node second = new Node(servers.endpoints(), "handover");
                Node third = new Node(servers.endpoints(), "handover")) {
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
