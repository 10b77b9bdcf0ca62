package dev.ha.bench;

import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** Curator's LeaderSelector: the leader's {@code takeLeadership} returns until the other one's is called. */
final class SelectorContest extends Duel {
    private final CuratorFramework[] clients = new CuratorFramework[2];
    private final LeaderSelector[] selectors = new LeaderSelector[2];
    private final CountDownLatch[] terms = new CountDownLatch[2];

    SelectorContest(String servers) {
        super("Curator LeaderSelector");
        for (int i = 0; i < 2; i++) {
            clients[i] = CuratorFrameworkFactory.newClient(servers, new ExponentialBackoffRetry(100, 3));
            clients[i].start();
        }
    }

    @Override
    void contend(int who) {
        if (selectors[who] != null) {
            selectors[who].close(); // it can be used once
        }
        CountDownLatch term = new CountDownLatch(1);
        terms[who] = term;
        selectors[who] = new LeaderSelector(clients[who], "/selector", new LeaderSelectorListenerAdapter() {
            @Override
            public void takeLeadership(CuratorFramework client) throws InterruptedException {
                granted(who);
                term.await();
            }
        });
        selectors[who].start();
    }

    @Override
    void letGo(int who) {
        terms[who].countDown();
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
