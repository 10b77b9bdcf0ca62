package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.Moment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.curator.framework.AuthInfo;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.BoundedExponentialBackoffRetry;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.StaticHostProvider;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * One ZooKeeper handle, made and configured by Curator's framework, and its requests. The handle is never replaced: when Curator wants a second one, the first
 * one's session is over, and so is this. Requests go to the handle itself: in order, never repeated, answered on its event thread, each with a
 * timeout.
 */
final class Connection {
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(2);
    /** Requests that may be unanswered, renewals not counted: enough for full speed, and answered within a fraction of a second. */
    private static final int WINDOW = 256;

    /** What happens to the connection; told on the client's own threads. */
    interface Events {
        /** {@code attempt} is when this connection began to be made. */
        void connected(Duration negotiatedTimeout, Moment attempt);

        void disconnected();

        /** The client says that the session is gone: of its own accord, or because a server said so. */
        void expired();

        void authenticationFailed();

        /** All servers were tried once more. */
        void unreachable(String why);
    }

    /** A node as the server answered. */
    static final class Node {
        private final String path;
        private final byte[] data;
        private final Stat stat;

        Node(String path, byte @Nullable [] data, Stat stat) {
            this.path = path;
            this.data = data == null ? new byte[0] : data;
            this.stat = stat;
        }

        String path() {
            return path;
        }

        byte[] data() {
            return data;
        }

        Stat stat() {
            return stat;
        }
    }

    private final BackendContext context;
    private final Settings settings;
    private final Events events;
    private final CuratorFramework curator;
    private final List<ACL> acls;
    private final Duration timeout;
    private final Queue<Request<?>> waiting = new ArrayDeque<>();
    private int inFlight;
    private final Object opening = new Object();
    private boolean closed;
    private volatile boolean abandoned;
    private volatile @Nullable ZooKeeper handle;
    private volatile @Nullable Throwable refused;

    Connection(Settings settings, BackendContext context, Events events) {
        this.context = context;
        this.settings = settings;
        this.events = events;
        this.acls = settings.acls();
        this.timeout = settings.connectionTimeout();
        this.curator = curator();
    }

    private CuratorFramework curator() {
        List<AuthInfo> credentials = new ArrayList<>();
        settings.authorization()
                .forEach(
                        (scheme, auth) -> credentials.add(new AuthInfo(scheme, auth.getBytes(StandardCharsets.UTF_8))));
        CuratorFrameworkFactory.Builder builder = CuratorFrameworkFactory.builder()
                .connectString(settings.quorum())
                .sessionTimeoutMs(millis(settings.sessionTimeout()))
                // Only Curator's own requests, and it warns when this is longer than the session.
                .connectionTimeoutMs(Math.min(millis(settings.connectionTimeout()), millis(settings.sessionTimeout())))
                .retryPolicy(new BoundedExponentialBackoffRetry(
                        millis(settings.retryWait()), millis(settings.maxRetryWait()), settings.maxRetryAttempts()))
                .authorization(credentials)
                .ensembleTracker(settings.tracksEnsemble())
                .waitForShutdownTimeoutMs(millis(CLOSE_WAIT))
                .zkClientConfig(settings.clientConfig())
                .threadFactory(Connection::thread)
                .runSafeService(Runnable::run) // its own would outlive close (Curator GH-1277)
                .zookeeperFactory(new OneHandle());
        settings.maxCloseWait().ifPresent(wait -> builder.maxCloseWaitMs(millis(wait)));
        return builder.build();
    }

    private static int millis(Duration duration) {
        return Math.toIntExact(duration.toMillis());
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "ha-zookeeper-curator");
        thread.setDaemon(true);
        return thread;
    }

    /** Begins to connect, for ever. May block in name look-ups and logins. */
    void start() throws IOException {
        synchronized (opening) {
            if (closed) {
                return;
            }
        }
        curator.start();
        boolean late;
        synchronized (opening) {
            late = closed;
        }
        if (late) { // and found nothing to close
            curator.close();
        } else if (handle == null) { // Curator only logs why
            throw new IOException("the ZooKeeper client can't be started: " + refused, refused);
        }
    }

    /**
     * Ends all threads, and the session if it can be reached and {@code release} says so: otherwise the servers hear nothing, and the session runs out there.
     * Blocks for some seconds at most.
     */
    void close(boolean release) {
        synchronized (opening) {
            closed = true;
        }
        ZooKeeper open = handle;
        if (!release && open != null) {
            abandoned = true;
            open.getTestable().injectSessionExpiration(); // the client has no other way of hanging up without a word
        }
        curator.close();
    }

    long sessionId() {
        return handle().getSessionId();
    }

    private ZooKeeper handle() {
        ZooKeeper open = handle;
        if (open == null) {
            throw new IllegalStateException("no request before the connection");
        }
        return open;
    }

    /** Gives Curator one handle, whose events we hear first. */
    private final class OneHandle implements ZookeeperFactory {
        @Override
        public ZooKeeper newZooKeeper(String servers, int sessionTimeout, Watcher watcher, boolean readOnly)
                throws IOException {
            return newZooKeeper(servers, sessionTimeout, watcher, readOnly, settings.clientConfig());
        }

        @Override
        public ZooKeeper newZooKeeper(
                String servers,
                int sessionTimeout,
                Watcher watcher,
                boolean readOnly,
                org.apache.zookeeper.client.@Nullable ZKClientConfig config)
                throws IOException {
            synchronized (opening) { // an event may come before the constructor has returned
                if (handle != null) {
                    throw new IOException("the session is over; another connection takes its place");
                }
                try {
                    ZooKeeper made = open(servers, sessionTimeout, watcher, readOnly, config);
                    handle = made;
                    return made;
                } catch (IOException | RuntimeException | Error failure) {
                    refused = failure;
                    throw failure;
                }
            }
        }

        private ZooKeeper open(
                String servers,
                int sessionTimeout,
                Watcher watcher,
                boolean readOnly,
                org.apache.zookeeper.client.@Nullable ZKClientConfig config)
                throws IOException {
            Hosts hosts = new Hosts(
                    new StaticHostProvider(new ConnectStringParser(servers).getServerAddresses()),
                    () -> Moment.now(context),
                    events::unreachable);
            return new ZooKeeper(
                    servers,
                    sessionTimeout,
                    event -> {
                        if (abandoned) {
                            return;
                        }
                        if (event.getType() == EventType.None) {
                            stateChanged(event.getState(), hosts);
                        }
                        watcher.process(event);
                    },
                    readOnly,
                    hosts,
                    config == null ? settings.clientConfig() : config);
        }
    }

    private void stateChanged(KeeperState state, Hosts hosts) {
        ZooKeeper open;
        synchronized (opening) {
            open = handle();
        }
        switch (state) {
            case SyncConnected -> events.connected(Duration.ofMillis(open.getSessionTimeout()), hosts.attempt());
            case Disconnected -> {
                events.disconnected();
                dropWaiting();
            }
            case Expired -> {
                events.expired();
                dropWaiting();
            }
            case AuthFailed -> events.authenticationFailed();
            default -> {}
        }
    }

    // ---- requests ----

    /** Creates a node; its real path and what the server says of it. */
    CompletableFuture<Node> create(String path, byte[] data, CreateMode mode) {
        Request<Node> request = new Request<>(path);
        return request.send(zk -> zk.create(
                path,
                data,
                acls,
                mode,
                (int rc, String asked, Object ctx, String name, Stat stat) ->
                        request.answer(rc, () -> new Node(name, data, stat)),
                null));
    }

    /** Goes before all that waits. */
    CompletableFuture<Stat> renew(String path, byte[] data) {
        Request<Stat> request = new Request<>(path, true);
        return request.send(
                zk -> zk.setData(path, data, -1, (rc, asked, ctx, stat) -> request.answer(rc, () -> stat), null));
    }

    CompletableFuture<Stat> setData(String path, byte[] data, int version) {
        Request<Stat> request = new Request<>(path);
        return request.send(
                zk -> zk.setData(path, data, version, (rc, asked, ctx, stat) -> request.answer(rc, () -> stat), null));
    }

    CompletableFuture<Void> delete(String path) {
        Request<Void> request = new Request<>(path);
        return request.send(zk -> zk.delete(path, -1, (rc, asked, ctx) -> request.answer(rc, () -> null), null));
    }

    /** {@link Code#NONODE} if it does not exist; {@code watcher} is set in any case. */
    CompletableFuture<Stat> exists(String path, @Nullable Watcher watcher) {
        Request<Stat> request = new Request<>(path);
        return request.send(
                zk -> zk.exists(path, watcher, (rc, asked, ctx, stat) -> request.answer(rc, () -> stat), null));
    }

    /** {@code watcher} is set only if the node exists. */
    CompletableFuture<Node> getData(String path, @Nullable Watcher watcher) {
        Request<Node> request = new Request<>(path);
        return request.send(zk -> zk.getData(
                path,
                watcher,
                (int rc, String asked, Object ctx, byte[] data, Stat stat) ->
                        request.answer(rc, () -> new Node(path, data, stat)),
                null));
    }

    CompletableFuture<List<String>> getChildren(String path) {
        Request<List<String>> request = new Request<>(path);
        return request.send(zk -> zk.getChildren(
                path,
                false,
                (int rc, String asked, Object ctx, List<String> children) -> request.answer(rc, () -> children),
                null));
    }

    CompletableFuture<Void> addWatch(String path, Watcher watcher) {
        Request<Void> request = new Request<>(path);
        return request.send(zk -> zk.addWatch(
                path,
                watcher,
                AddWatchMode.PERSISTENT_RECURSIVE,
                (rc, asked, ctx) -> request.answer(rc, () -> null),
                null));
    }

    /** Ends a watch of {@link #addWatch}, and any other one of this session on that path. Also here if not at the server. */
    CompletableFuture<Void> removeWatches(String path) {
        Request<Void> request = new Request<>(path);
        return request.send(zk -> zk.removeAllWatches(
                path, Watcher.WatcherType.Any, true, (rc, asked, ctx) -> request.answer(rc, () -> null), null));
    }

    /** Forgets a watch that tells once; the server keeps it until then [src ZooKeeper.removeWatches]. */
    CompletableFuture<Void> removeWatch(String path, Watcher watcher) {
        Request<Void> request = new Request<>(path);
        return request.send(zk -> zk.removeWatches(
                path,
                watcher,
                Watcher.WatcherType.Any,
                true,
                (rc, asked, ctx) -> request.answer(rc, () -> null),
                null));
    }

    /** All or nothing for writes; one after the other, at one point in time, for reads. Single failures are among the results. */
    CompletableFuture<List<OpResult>> multi(List<Op> operations) {
        Request<List<OpResult>> request = new Request<>("multi");
        return request.send(zk -> zk.multi(
                operations,
                (int rc, String asked, Object ctx, List<OpResult> results) ->
                        request.answer(results == null ? rc : Code.OK.intValue(), () -> results),
                null));
    }

    /** For {@link #multi}. */
    Op creation(String path, byte[] data) {
        return Op.create(path, data, acls, CreateMode.PERSISTENT);
    }

    /** The failure of one operation of a {@link #multi} that was the cause of the whole one's; -1 if all went well. */
    static int failed(List<OpResult> results) {
        for (int i = 0; i < results.size(); i++) {
            Code code = code(results.get(i));
            if (code != Code.OK && code != Code.RUNTIMEINCONSISTENCY) {
                return i;
            }
        }
        return -1;
    }

    static Code code(OpResult result) {
        return result instanceof OpResult.ErrorResult error ? codeOf(error.getErr()) : Code.OK;
    }

    private static Code codeOf(int rc) {
        Code code = Code.get(rc);
        return code == null ? Code.SYSTEMERROR : code;
    }

    // ---- the window: a flood of requests must not delay the renewal of the lease, which would wait behind all of them

    private void begin(Request<?> request) {
        synchronized (waiting) {
            if (inFlight >= WINDOW && !request.urgent) {
                waiting.add(request);
                return;
            }
            inFlight++;
        }
        request.transmit();
    }

    /** One has been answered; the next one may go, unless it was given up while it waited. */
    private void ended() {
        Request<?> next;
        synchronized (waiting) {
            inFlight--;
            do {
                next = inFlight < WINDOW ? waiting.poll() : null;
            } while (next != null && next.future.isDone());
            if (next != null) {
                inFlight++;
            }
        }
        if (next != null) {
            next.transmit();
        }
    }

    /** What waits was not sent; it fails now rather than wait for another connection. */
    private void dropWaiting() {
        List<Request<?>> dropped;
        synchronized (waiting) {
            dropped = List.copyOf(waiting);
            waiting.clear();
        }
        dropped.forEach(request -> request.fail(Code.CONNECTIONLOSS));
    }

    /** One request on its way; fails with {@link Code#OPERATIONTIMEOUT} when the answer is late. */
    private final class Request<T> {
        private final CompletableFuture<T> future = new CompletableFuture<>();
        private final String path;
        private final boolean urgent;
        private @Nullable Consumer<ZooKeeper> sending;

        Request(String path) {
            this(path, false);
        }

        Request(String path, boolean urgent) {
            this.path = path;
            this.urgent = urgent;
        }

        CompletableFuture<T> send(Consumer<ZooKeeper> how) {
            sending = how;
            Timer late = context.schedule(timeout, () -> fail(Code.OPERATIONTIMEOUT));
            CompletableFuture<T> unused = future.whenComplete((value, failure) -> late.close());
            begin(this);
            return future;
        }

        void transmit() {
            Consumer<ZooKeeper> how = sending;
            try {
                if (how != null) {
                    how.accept(handle());
                }
            } catch (RuntimeException refused) {
                future.completeExceptionally(refused);
                ended();
            }
        }

        void fail(Code code) {
            future.completeExceptionally(KeeperException.create(code, path));
        }

        void answer(int rc, Supplier<@Nullable T> value) {
            if (rc == Code.CONNECTIONLOSS.intValue()) {
                dropWaiting(); // the event of the lost connection comes behind the answers
            }
            ended();
            if (rc == Code.OK.intValue()) {
                future.complete(value.get());
            } else {
                fail(codeOf(rc));
            }
        }
    }
}
