package dev.ha.zookeeper;

import dev.ha.tck.support.Waiting;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** A client of its own, to look at the nodes and to do what an operator may do. */
final class RawClient implements AutoCloseable {
    final ZooKeeper zk;

    RawClient(String servers) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        zk = new ZooKeeper(servers, 30_000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        if (!connected.await(Waiting.patience().toSeconds(), TimeUnit.SECONDS)) {
            zk.close();
            throw new IOException("no connection to " + servers);
        }
    }

    static String election(String cluster, String election) {
        return "/flink/" + cluster + "/elections/" + election;
    }

    /** The paths of the candidates of an election, the holder of the lock first. */
    List<String> candidates(String path) throws Exception {
        return zk.getChildren(path, false).stream()
                .filter(child -> child.startsWith("c-"))
                .sorted(Comparator.comparing((String child) -> child.substring(child.length() - 10)))
                .map(child -> path + "/" + child)
                .toList();
    }

    /** Waits until the election has {@code count} candidates. */
    List<String> await(String path, int count) throws Exception {
        Waiting.until(() -> candidates(path).size() == count, () -> count + " candidates in " + path);
        return candidates(path);
    }

    long owner(String node) throws Exception {
        return zk.exists(node, false).getEphemeralOwner();
    }

    /** The sessions of an election's candidates. */
    List<Long> owners(String path) throws Exception {
        List<Long> owners = new ArrayList<>();
        for (String candidate : candidates(path)) {
            owners.add(owner(candidate));
        }
        return owners;
    }

    /** What {@code session} watches, as the server says; its configuration must allow {@code wchc}. */
    static Set<String> watched(InetSocketAddress server, long session) throws IOException {
        try (Socket socket = new Socket(server.getAddress(), server.getPort())) {
            socket.getOutputStream().write("wchc".getBytes(StandardCharsets.US_ASCII));
            String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Set<String> paths = new HashSet<>();
            boolean ours = false;
            for (String line : text.split("\n", -1)) {
                if (!line.startsWith("\t")) {
                    ours = line.equals("0x" + Long.toHexString(session));
                } else if (ours) {
                    paths.add(line.substring(1));
                }
            }
            return paths;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            zk.close();
        } catch (InterruptedException e) {
            throw new InterruptedIOException(e.toString());
        }
    }
}
