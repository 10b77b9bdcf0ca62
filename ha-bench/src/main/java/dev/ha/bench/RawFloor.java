package dev.ha.bench;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/** What no recipe can beat: one session deletes a node; another one's watch fires, and its next read is answered. */
final class RawFloor implements Contest {
    private static final String PARENT = "/floor";
    private final ZooKeeper[] clients = new ZooKeeper[2];
    private int holder;

    RawFloor(String servers) throws Exception {
        for (int i = 0; i < 2; i++) {
            CountDownLatch connected = new CountDownLatch(1);
            clients[i] = new ZooKeeper(servers, 30_000, event -> {
                if (event.getState() == KeeperState.SyncConnected) {
                    connected.countDown();
                }
            });
            if (!connected.await(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no connection to " + servers);
            }
        }
        try {
            clients[0].create(PARENT, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        } catch (KeeperException.NodeExistsException fromAnEarlierRun) {
            // Good.
        }
    }

    @Override
    public String name() {
        return "raw floor";
    }

    @Override
    public long handover() throws Exception {
        ZooKeeper leaving = clients[holder];
        ZooKeeper waiting = clients[1 - holder];
        holder = 1 - holder;
        String node = leaving.create(
                PARENT + "/n-", new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL);
        Signal answered = new Signal();
        waiting.exists(node, event -> {
            if (event.getType() == EventType.NodeDeleted) {
                waiting.getChildren(PARENT, false, (rc, path, ctx, children) -> answered.now(), null);
            }
        });
        long began = System.nanoTime();
        leaving.delete(node, -1, (rc, path, ctx) -> {}, null);
        return answered.await() - began;
    }

    @Override
    public void close() throws InterruptedException {
        for (ZooKeeper client : clients) {
            client.close();
        }
    }
}
