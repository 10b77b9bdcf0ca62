package dev.ha.tck;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection that fails on demand: a proxy on a free loopback port before one server. Cuts, stalls one direction, delays, and holds a single message.
 *
 * <p>What is held back is delivered later, also when its sender has closed the connection in the meantime: that is what networks do, and what rule 4.6 is about.
 * Knows nothing of the protocol; a message is what arrives in one read. Thread-safe; each connection costs four threads, which end with it.
 */
public final class FaultProxy implements AutoCloseable {
    /** Which way bytes go. */
    public enum Direction {
        /** From the client to the server: requests. */
        TO_SERVER,
        /** From the server to the client: answers. */
        TO_CLIENT
    }

    private static final int BUFFER = 64 * 1024;
    private static final Duration JOIN = Duration.ofSeconds(5);
    private static final Duration RETRY = Duration.ofMillis(20);

    private final InetSocketAddress server;
    private final Duration patience;
    private final ServerSocket listener;
    private final Object lock = new Object();
    // All guarded by lock.
    private final List<Connection> connections = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Set<Direction> stalled = EnumSet.noneOf(Direction.class);
    private final Map<Direction, Duration> delays = new EnumMap<>(Direction.class);
    private final Map<Direction, Long> delivered = new EnumMap<>(Direction.class);
    private final List<Hold> holds = new ArrayList<>();
    private UnaryOperator<byte[]> greeting = UnaryOperator.identity();
    private int accepted;
    private boolean refusing;
    private boolean closed;

    private FaultProxy(InetSocketAddress server, Duration patience, ServerSocket listener) {
        this.server = server;
        this.patience = patience;
        this.listener = listener;
    }

    /** A proxy before {@code server} that does no harm yet. */
    public static FaultProxy before(InetSocketAddress server) {
        return before(server, Duration.ZERO);
    }

    /**
     * As {@link #before(InetSocketAddress)}, for connections between servers. A proxy has to accept before it knows whether anybody listens behind it; a server
     * that comes up a moment later than another one expects it must not look like one that hangs up, so a connection waits for it up to {@code patience}.
     */
    public static FaultProxy before(InetSocketAddress server, Duration patience) {
        try {
            FaultProxy proxy =
                    new FaultProxy(server, patience, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
            proxy.start("accept", proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where clients connect. */
    public InetSocketAddress address() {
        return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
    }

    /** How many connections clients have opened so far, refused ones included. */
    public int connections() {
        synchronized (lock) {
            return accepted;
        }
    }

    /** How many messages have gone that way so far. */
    public long delivered(Direction direction) {
        synchronized (lock) {
            return delivered.getOrDefault(direction, 0L);
        }
    }

    /** Closes all connections, forgets what was held back, and refuses new ones until {@link #resume()}. */
    public void cut() {
        List<Connection> cut;
        synchronized (lock) {
            refusing = true;
            cut = List.copyOf(connections);
            connections.clear();
        }
        cut.forEach(Connection::close);
    }

    /** Holds back all that goes that way, on present and new connections, which stay open, until {@link #resume()}. */
    public void stall(Direction direction) {
        synchronized (lock) {
            stalled.add(direction);
        }
    }

    /** As {@link #stall}, on present connections only: new ones are not held back. */
    public void freeze(Direction direction) {
        synchronized (lock) {
            connections.forEach(
                    connection -> connection.pumps.forEach(pump -> pump.frozen |= pump.direction == direction));
        }
    }

    /**
     * Closes all present connections towards the client. What it has sent and is held back will still be delivered to the server: so a request comes late,
     * after whatever the client does on its next connection.
     */
    public void hangUp() {
        List<Connection> hungUp;
        synchronized (lock) {
            hungUp = List.copyOf(connections);
        }
        hungUp.forEach(connection -> closeQuietly(connection.client));
    }

    /** Nothing gets through in either direction and nobody is told: what a lost network looks like. */
    public void partition() {
        for (Direction direction : Direction.values()) {
            stall(direction);
        }
    }

    /** From now on delivers each message that goes that way {@code delay} after its arrival. */
    public void delay(Direction direction, Duration delay) {
        synchronized (lock) {
            delays.put(direction, delay);
        }
    }

    /**
     * Holds back the next message that goes that way and is {@code wanted}, and whatever follows it on its connection. Other connections are left alone.
     */
    public Hold hold(Direction direction, Predicate<byte[]> wanted) {
        Hold hold = new Hold(direction, wanted);
        synchronized (lock) {
            holds.add(hold);
        }
        return hold;
    }

    /**
     * From now on the first message of each new connection goes to the server as {@code greeting} makes it: for servers that tell each other where they are to be
     * reached, which would lead past the proxies.
     */
    public void greet(UnaryOperator<byte[]> greeting) {
        synchronized (lock) {
            this.greeting = greeting;
        }
    }

    /** Ends all faults: delivers what was held back, in order, and accepts connections. */
    public void resume() {
        synchronized (lock) {
            refusing = false;
            stalled.clear();
            connections.forEach(connection -> connection.pumps.forEach(pump -> pump.frozen = false));
            delays.clear();
            holds.forEach(hold -> hold.released = true);
            holds.clear();
            lock.notifyAll();
        }
    }

    /** Closes all connections and ends all threads. */
    @Override
    public void close() {
        List<Thread> ending;
        synchronized (lock) {
            closed = true;
            ending = List.copyOf(threads);
        }
        cut();
        closeQuietly(listener);
        synchronized (lock) {
            lock.notifyAll();
        }
        ending.forEach(FaultProxy::join);
    }

    /** One message that is held back. */
    public final class Hold {
        private final Direction direction;
        private final Predicate<byte[]> wanted;
        // Guarded by lock.
        private boolean caught;
        private boolean released;

        private Hold(Direction direction, Predicate<byte[]> wanted) {
            this.direction = direction;
            this.wanted = wanted;
        }

        /** Waits until the message has come and is held; false when {@code patience} is over. */
        public boolean awaitCaught(Duration patience) throws InterruptedException {
            long deadline = System.nanoTime() + patience.toNanos();
            synchronized (lock) {
                while (!caught) {
                    long left = deadline - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    TimeUnit.NANOSECONDS.timedWait(lock, left);
                }
                return true;
            }
        }

        /** Whether the message has come and is held, or was. */
        public boolean isCaught() {
            synchronized (lock) {
                return caught;
            }
        }

        /** Delivers it, and what came after it. */
        public void release() {
            synchronized (lock) {
                released = true;
                holds.remove(this);
                lock.notifyAll();
            }
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                if (isRefusing()) {
                    closeQuietly(client);
                } else if (patience.isZero()) {
                    connect(client);
                } else {
                    start("connect", () -> connect(client));
                }
            }
        } catch (IOException listenerClosed) {
            // The only way to end accept().
        }
    }

    private boolean isRefusing() {
        synchronized (lock) {
            accepted++;
            return refusing;
        }
    }

    private void connect(Socket client) {
        Socket upstream;
        try {
            upstream = upstream();
            client.setTcpNoDelay(true);
        } catch (IOException serverIsDown) {
            closeQuietly(client);
            return;
        }
        Connection connection = new Connection(client, upstream);
        boolean wanted;
        synchronized (lock) {
            wanted = !refusing && !closed;
            if (wanted) {
                connections.add(connection);
            }
        }
        if (wanted) {
            connection.pumps.forEach(Pump::start);
        } else {
            connection.close();
        }
    }

    private Socket upstream() throws IOException {
        long giveUp = System.nanoTime() + patience.toNanos();
        while (true) {
            Socket upstream = new Socket();
            try {
                upstream.connect(server, (int) JOIN.toMillis());
                upstream.setTcpNoDelay(true);
                return upstream;
            } catch (IOException nobodyListens) {
                closeQuietly(upstream);
                if (isClosed() || System.nanoTime() - giveUp >= 0) {
                    throw nobodyListens;
                }
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    private UnaryOperator<byte[]> greeting() {
        synchronized (lock) {
            return greeting;
        }
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private void count(Direction direction) {
        synchronized (lock) {
            delivered.merge(direction, 1L, Long::sum);
        }
    }

    private void start(String role, Runnable work) {
        Thread thread = new Thread(work, "tck-proxy-" + listener.getLocalPort() + "-" + role);
        thread.setDaemon(true);
        synchronized (lock) {
            threads.removeIf(old -> !old.isAlive() && old.getState() == Thread.State.TERMINATED);
            threads.add(thread);
        }
        thread.start();
    }

    private static void join(Thread thread) {
        if (thread == Thread.currentThread()) {
            return;
        }
        try {
            thread.join(JOIN.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception alreadyBroken) {
            // There is nothing left to close.
        }
    }

    private final class Connection {
        private final Socket client;
        private final Socket upstream;
        private final List<Pump> pumps;
        // Guarded by lock.
        private int open = Direction.values().length;

        Connection(Socket client, Socket upstream) {
            this.client = client;
            this.upstream = upstream;
            this.pumps = List.of(
                    new Pump(this, Direction.TO_SERVER, client, upstream),
                    new Pump(this, Direction.TO_CLIENT, upstream, client));
        }

        void ended() {
            synchronized (lock) {
                open--;
                if (open > 0) {
                    return;
                }
                connections.remove(this);
            }
            close();
        }

        void close() {
            synchronized (lock) {
                pumps.forEach(pump -> pump.abandoned = true);
                lock.notifyAll();
            }
            closeQuietly(client);
            closeQuietly(upstream);
        }
    }

    /** One direction of one connection: a reader that never waits for the writer, so that the sender notices nothing. */
    private final class Pump {
        private final Connection connection;
        private final Direction direction;
        private final Socket from;
        private final Socket to;
        // All guarded by lock.
        private final Deque<Message> queue = new ArrayDeque<>();
        private @Nullable Hold held;
        private boolean abandoned;
        private boolean frozen;

        /** Bytes and when they came; no bytes is the end of the stream. */
        private static final class Message {
            private final byte[] bytes;
            private final long arrived;

            Message(byte[] bytes, long arrived) {
                this.bytes = bytes;
                this.arrived = arrived;
            }
        }

        Pump(Connection connection, Direction direction, Socket from, Socket to) {
            this.connection = connection;
            this.direction = direction;
            this.from = from;
            this.to = to;
        }

        void start() {
            FaultProxy.this.start(direction + "-read", this::read);
            FaultProxy.this.start(direction + "-write", this::write);
        }

        private void read() {
            byte[] buffer = new byte[BUFFER];
            try {
                int length = from.getInputStream().read(buffer);
                UnaryOperator<byte[]> first = direction == Direction.TO_SERVER ? greeting() : UnaryOperator.identity();
                if (length >= 0) {
                    enqueue(first.apply(Arrays.copyOf(buffer, length)));
                    length = from.getInputStream().read(buffer);
                }
                while (length >= 0) {
                    enqueue(Arrays.copyOf(buffer, length));
                    length = from.getInputStream().read(buffer);
                }
            } catch (IOException senderIsGone) {
                // What it has sent is delivered all the same.
            }
            enqueue(new byte[0]);
        }

        private void enqueue(byte[] bytes) {
            synchronized (lock) {
                queue.add(new Message(bytes, System.nanoTime()));
                lock.notifyAll();
            }
        }

        private void write() {
            try {
                for (byte[] bytes = next(); bytes.length > 0; bytes = next()) {
                    to.getOutputStream().write(bytes);
                    to.getOutputStream().flush();
                    count(direction);
                }
                to.shutdownOutput();
            } catch (IOException receiverIsGone) {
                // Nobody is there to deliver to.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            connection.ended();
        }

        /** The next bytes that may go; none at the end of the stream. */
        private byte[] next() throws InterruptedException, IOException {
            synchronized (lock) {
                while (true) {
                    if (abandoned) {
                        throw new IOException("cut");
                    }
                    Message first = queue.peek();
                    if (first == null) {
                        lock.wait();
                    } else if (frozen || stalled.contains(direction) || isHeld(first)) {
                        lock.wait();
                    } else {
                        long due = first.arrived
                                + delays.getOrDefault(direction, Duration.ZERO).toNanos();
                        long left = due - System.nanoTime();
                        if (left <= 0) {
                            queue.remove();
                            return first.bytes;
                        }
                        TimeUnit.NANOSECONDS.timedWait(lock, left);
                    }
                }
            }
        }

        private boolean isHeld(Message message) {
            if (held == null) {
                held = holds.stream()
                        .filter(hold -> !hold.caught && hold.direction == direction && hold.wanted.test(message.bytes))
                        .findFirst()
                        .orElse(null);
            }
            if (held == null) {
                return false;
            }
            held.caught = true;
            lock.notifyAll();
            if (held.released) {
                held = null;
                return false;
            }
            return true;
        }
    }
}
