package dev.ha.bench;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** Curator's LeaderLatch: {@code close} of one until {@code isLeader} of the other. */
final class LatchContest extends Duel {
    private final CuratorFramework[] clients = new CuratorFramework[2];
    private final LeaderLatch[] latches = new LeaderLatch[2];

    LatchContest(String servers) {
        super("Curator LeaderLatch");
        for (int i = 0; i < 2; i++) {
            clients[i] = CuratorFrameworkFactory.newClient(servers, new ExponentialBackoffRetry(100, 3));
            clients[i].start();
        }
    }

    @Override
    void contend(int who) throws Exception {
        latches[who] = new LeaderLatch(clients[who], "/latch");
        latches[who].addListener(new LeaderLatchListener() {
            @Override
            public void isLeader() {
                granted(who);
            }

            @Override
            public void notLeader() {}
        });
        latches[who].start();
    }

    @Override
    void letGo(int who) throws Exception {
        latches[who].close();
    }

    @Override
    public void close() throws Exception {
        latches[0].close();
        latches[1].close();
        clients[0].close();
        clients[1].close();
    }
}
