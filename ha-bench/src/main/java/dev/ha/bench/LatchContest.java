package dev.ha.bench;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** Curator's LeaderLatch: {@code close} of one until {@code isLeader} of the other. */
final class LatchContest implements Contest {
    private final CuratorFramework[] clients = new CuratorFramework[2];
    private final LeaderLatch[] latches = new LeaderLatch[2];
    private final Signal[] granted = {new Signal(), new Signal()};
    private int holder;

    LatchContest(String servers) throws Exception {
        for (int i = 0; i < 2; i++) {
            clients[i] = CuratorFrameworkFactory.newClient(servers, new ExponentialBackoffRetry(100, 3));
            clients[i].start();
        }
        contend(0);
        granted[0].await();
        contend(1);
    }

    private void contend(int who) throws Exception {
        latches[who] = new LeaderLatch(clients[who], "/latch");
        latches[who].addListener(new LeaderLatchListener() {
            @Override
            public void isLeader() {
                granted[who].now();
            }

            @Override
            public void notLeader() {}
        });
        latches[who].start();
    }

    @Override
    public String name() {
        return "Curator LeaderLatch";
    }

    @Override
    public long handover() throws Exception {
        int leaving = holder;
        holder = 1 - holder;
        long began = System.nanoTime();
        latches[leaving].close();
        long took = granted[holder].await() - began;
        contend(leaving);
        return took;
    }

    @Override
    public void close() throws Exception {
        latches[0].close();
        latches[1].close();
        clients[0].close();
        clients[1].close();
    }
}
