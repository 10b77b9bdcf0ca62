package dev.ha.bench;

import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** Curator's LeaderSelector: the leader's {@code takeLeadership} returns until the other one's is called. */
final class SelectorContest implements Contest {
    private final CuratorFramework[] clients = new CuratorFramework[2];
    private final LeaderSelector[] selectors = new LeaderSelector[2];
    private final CountDownLatch[] terms = new CountDownLatch[2];
    private final Signal[] granted = {new Signal(), new Signal()};
    private int holder;

    SelectorContest(String servers) throws Exception {
        for (int i = 0; i < 2; i++) {
            clients[i] = CuratorFrameworkFactory.newClient(servers, new ExponentialBackoffRetry(100, 3));
            clients[i].start();
        }
        contend(0);
        granted[0].await();
        contend(1);
    }

    private void contend(int who) {
        CountDownLatch term = new CountDownLatch(1);
        terms[who] = term;
        selectors[who] = new LeaderSelector(clients[who], "/selector", new LeaderSelectorListenerAdapter() {
            @Override
            public void takeLeadership(CuratorFramework client) throws InterruptedException {
                granted[who].now();
                term.await();
            }
        });
        selectors[who].start();
    }

    @Override
    public String name() {
        return "Curator LeaderSelector";
    }

    @Override
    public long handover() throws Exception {
        int leaving = holder;
        holder = 1 - holder;
        long began = System.nanoTime();
        terms[leaving].countDown();
        long took = granted[holder].await() - began;
        selectors[leaving].close();
        contend(leaving);
        return took;
    }

    @Override
    public void close() {
        for (int i = 0; i < 2; i++) {
            terms[i].countDown();
            selectors[i].close();
            clients[i].close();
        }
    }
}
