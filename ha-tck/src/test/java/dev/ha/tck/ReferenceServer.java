package dev.ha.tck;

import dev.ha.spi.LeaderRecord;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The authority of the reference backend: sessions, queues, conditional writes and watches, as small as the rules allow, on three servers that are stopped, killed
 * and cut off from each other as processes would be. Their state is that of the majority: whoever does not belong to it answers nothing. It is correct; what {@link
 * WrongServers} override is what makes them wrong. All state is guarded by {@code this}.
 */
class ReferenceServer implements ServerNetwork, ServerData, AutoCloseable {
    private static final int SERVERS = 3;
    private static final long TICK_NANOS = 10_000_000;

    /** One place in a queue. The token is taken when it wins. */
    static final class Candidate {
        final String nonce;
        final String session;
        long token;

        Candidate(String nonce, String session) {
            this.nonce = nonce;
            this.session = session;
        }

        /** In data that were put back, on a session that its client has given up. */
        Candidate saved(String session) {
            Candidate copy = new Candidate(nonce, session);
            copy.token = token;
            return copy;
        }
    }

    record Value(String base64, String version, String writeId) {}

    /** One election of one cluster. */
    static final class Election {
        String history = UUID.randomUUID().toString();
        long revision;
        long publications;
        final List<Candidate> queue = new ArrayList<>();
        // For wrong servers: candidates that are told to be in the queue and are not, and sessions that ever were.
        final Set<String> lost = new HashSet<>();
        final Set<String> sessions = new HashSet<>();
        final Map<String, String> records = new TreeMap<>();
        final Map<String, Value> entries = new TreeMap<>();

        /** As it is, with all candidates on that session. */
        Election copy(String session) {
            Election copy = new Election();
            copy.history = history;
            copy.revision = revision;
            copy.publications = publications;
            queue.forEach(candidate -> copy.queue.add(candidate.saved(session)));
            copy.records.putAll(records);
            copy.entries.putAll(entries);
            return copy;
        }

        Candidate holder() {
            return queue.isEmpty() ? new Candidate("", "") : queue.get(0);
        }
    }

    private record Key(String cluster, String election) {}

    private final List<Server> servers = new ArrayList<>();
    private final Map<Key, Election> elections = new HashMap<>();
    private final Map<String, Session> sessions = new HashMap<>();
    private final Set<String> left = new HashSet<>();
    private final Set<Peer> peers = new HashSet<>();
    private long clock;
    private @Nullable Server leader;
    private Runnable restore = () -> {};
    private volatile boolean closed;

    private static final class Session {
        final long nanos;
        long until;

        Session(long nanos) {
            this.nanos = nanos;
        }
    }

    ReferenceServer() {
        try {
            for (int i = 0; i < SERVERS; i++) {
                servers.add(new Server());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Serves from now on. */
    ReferenceServer start() {
        change(() -> {});
        servers.forEach(server -> daemon("accept", () -> accept(server)));
        daemon("clock", this::expireSessions);
        return this;
    }

    List<Server> servers() {
        return servers;
    }

    // ---- servers

    /** One of the servers that clients may talk to. What it is, is guarded by the authority. */
    final class Server implements ServerProcess {
        private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final InetSocketAddress address =
                new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
        private boolean paused;
        private boolean apart;
        private boolean dead;
        private long resumed;

        Server() throws IOException {}

        InetSocketAddress address() {
            return address;
        }

        private boolean agrees() {
            return !paused && !apart && !dead;
        }

        private boolean belongs() {
            return agrees() && servers.stream().filter(Server::agrees).count() * 2 > servers.size();
        }

        @Override
        public void pause() {
            change(() -> paused = true);
        }

        @Override
        public void resume() {
            change(() -> {
                resumed = paused ? System.nanoTime() : resumed;
                paused = false;
            });
        }

        /** Its port stays its own meanwhile, but nobody who connects is let in. */
        @Override
        public void kill() throws IOException {
            change(() -> {
                dead = true;
                paused = false;
            });
            synchronized (ReferenceServer.this) {
                for (Peer peer : peers) {
                    if (peer.server == this) {
                        peer.socket.close();
                    }
                }
            }
        }

        @Override
        public void start() {
            change(() -> dead = false);
        }

        @Override
        public boolean serves() {
            synchronized (ReferenceServer.this) {
                return belongs();
            }
        }

        @Override
        public boolean leads() {
            synchronized (ReferenceServer.this) {
                return belongs() && leader == this;
            }
        }
    }

    /** Something has happened to the servers: they elect another leader when theirs does not belong to them any more. */
    private synchronized void change(Runnable what) {
        what.run();
        if (leader == null || !leader.belongs()) {
            leader = servers.stream().filter(Server::belongs).findFirst().orElse(null);
        }
        notifyAll();
    }

    @Override
    public void isolate(ServerProcess server, Cut cut) {
        // Whichever way is cut: nothing that it says is confirmed.
        change(() -> ((Server) server).apart = true);
    }

    @Override
    public void heal() {
        change(() -> {
            servers.forEach(server -> server.apart = false);
            peers.forEach(Peer::catchUp);
        });
    }

    @Override
    public synchronized void save() {
        Map<Key, Election> savedElections = new HashMap<>();
        elections.forEach((key, election) -> savedElections.put(key, election.copy("")));
        Set<String> savedLeft = Set.copyOf(left);
        long savedClock = clock;
        restore = () -> {
            // Their clients have seen more than these data know, and will open other sessions.
            String gone = "gone-" + UUID.randomUUID();
            long lease = sessions.values().stream()
                    .mapToLong(session -> session.nanos)
                    .min()
                    .orElse(0);
            forget();
            hello(gone, lease / 1_000_000);
            savedElections.forEach((key, election) -> elections.put(key, election.copy(gone)));
            left.addAll(savedLeft);
            clock = savedClock;
        };
    }

    private void forget() {
        elections.clear();
        sessions.clear();
        left.clear();
        clock = 0;
    }

    @Override
    public void restore() throws IOException {
        setBack(restore);
    }

    @Override
    public void wipe() throws IOException {
        setBack(this::forget);
    }

    private void setBack(Runnable data) throws IOException {
        for (Server server : servers) {
            server.kill();
        }
        change(data);
        for (Server server : servers) {
            server.start();
        }
    }

    // ---- requests; under the lock

    /** What the majority answers; as long as {@code server} does not belong to it, nothing. */
    private synchronized List<String> answer(Server server, Peer peer, List<String> request)
            throws IOException, InterruptedException {
        while (true) {
            if (closed || server.dead) {
                throw new IOException("killed");
            }
            boolean renewal = request.get(0).equals("KEEP");
            if (!server.paused && renewal && renewsAlone(server.apart, System.nanoTime() - server.resumed)) {
                return Wire.message("ok");
            }
            if (server.belongs()) {
                return answer(peer, request);
            }
            wait();
        }
    }

    private List<String> answer(Peer peer, List<String> request) {
        switch (request.get(0)) {
            case "HELLO" -> {
                return Wire.message(hello(request.get(1), Long.parseLong(request.get(2))));
            }
            case "KEEP" -> {
                return Wire.message(keep(request.get(1)));
            }
            default -> {
                Key key = new Key(request.get(1), request.get(2));
                return answer(peer, key, request);
            }
        }
    }

    private List<String> answer(Peer peer, Key key, List<String> request) {
        Election election = elections.get(key);
        switch (request.get(0)) {
            case "WATCH" -> {
                peer.watched.add(key);
                return state(election);
            }
            case "STATE" -> {
                return state(election);
            }
            case "ENTER" -> {
                return Wire.message(enter(key, request.get(3), request.get(4)));
            }
            case "GET" -> {
                Value value = election == null ? null : election.entries.get(request.get(3));
                return value == null
                        ? Wire.message("none")
                        : Wire.message("value", value.base64, value.version, value.writeId);
            }
            case "NAMES" -> {
                List<String> names = new ArrayList<>(election == null ? Set.of() : election.entries.keySet());
                names.removeIf(name -> !matches(name, request.get(3)));
                return names;
            }
            default -> {
                return Wire.message(change(key, election, request));
            }
        }
    }

    private String change(Key key, @Nullable Election election, List<String> request) {
        String nonce = request.get(3);
        if (request.get(0).equals("LEAVE")) {
            leave(key, election, nonce);
            return "ok";
        }
        boolean publication = request.get(0).equals("PUBLISH");
        if (election == null && publication && createsAnew()) {
            election = newElection();
            elections.put(key, election);
            election.queue.add(new Candidate(nonce, ""));
        }
        if (election == null
                || !(publication
                        ? mayPublish(election, nonce)
                        : mayWrite(election, nonce, request.get(4), request.get(5)))) {
            return "lost";
        }
        String outcome = publication ? publish(election, request.subList(4, request.size())) : write(election, request);
        changed(key, election);
        return outcome;
    }

    private String hello(String id, long millis) {
        Session session = sessions.computeIfAbsent(id, unused -> new Session(millis * 1_000_000));
        session.until = System.nanoTime() + session.nanos;
        return "ok";
    }

    private String keep(String id) {
        Session session = sessions.get(id);
        if (session == null) {
            return "gone";
        }
        session.until = System.nanoTime() + session.nanos;
        return "ok";
    }

    private String enter(Key key, String session, String nonce) {
        if (!sessions.containsKey(session) || left.contains(nonce)) {
            return "gone";
        }
        Election election = elections.computeIfAbsent(key, unused -> newElection());
        if (election.queue.stream().noneMatch(candidate -> candidate.nonce.equals(nonce))) {
            enqueue(election, new Candidate(nonce, session));
            changed(key, election);
        }
        return "ok";
    }

    private void leave(Key key, @Nullable Election election, String nonce) {
        left.add(nonce);
        if (election != null && election.queue.stream().anyMatch(candidate -> candidate.nonce.equals(nonce))) {
            remove(election, nonce);
            changed(key, election);
        }
    }

    private String write(Election election, List<String> request) {
        String kind = request.get(4);
        String name = request.get(5);
        Value present = election.entries.get(name);
        if (!mayApply(kind, present, request.get(7))) {
            return "conflict";
        }
        if (kind.equals("DELETE")) {
            election.entries.remove(name);
            return "version:";
        }
        String version = newVersion(present);
        election.entries.put(name, new Value(request.get(6), version, request.get(8)));
        return "version:" + version;
    }

    // ---- what wrong servers do in another way; under the lock

    /** Whether a server renews a lease though it can't know what the others think, as it is cut off from them, or was stopped a moment ago. */
    boolean renewsAlone(boolean apart, long nanosSinceResumed) {
        return false;
    }

    Election newElection() {
        return new Election();
    }

    void enqueue(Election election, Candidate candidate) {
        election.queue.add(candidate);
    }

    /** Takes a candidate out; the records go with the lock, since they are the holder's. */
    void remove(Election election, String nonce) {
        if (election.holder().nonce.equals(nonce)) {
            election.records.clear();
        }
        election.queue.removeIf(candidate -> candidate.nonce.equals(nonce));
    }

    boolean mayPublish(Election election, String nonce) {
        return election.holder().nonce.equals(nonce);
    }

    boolean mayWrite(Election election, String nonce, String kind, String name) {
        return election.holder().nonce.equals(nonce);
    }

    /** Whether a publication creates an election that is not there. */
    boolean createsAnew() {
        return false;
    }

    /** The last client has disconnected. */
    void allGone(Election election) {}

    boolean expires(String session) {
        return true;
    }

    boolean matches(String name, String prefix) {
        return name.startsWith(prefix);
    }

    boolean mayApply(String kind, @Nullable Value present, String expected) {
        return kind.equals("CREATE") ? present == null : present != null && present.version.equals(expected);
    }

    String newVersion(@Nullable Value present) {
        return Long.toString(++clock);
    }

    String publish(Election election, List<String> records) {
        election.records.clear();
        for (int i = 0; i + 1 < records.size(); i += 2) {
            election.records.put(records.get(i), records.get(i + 1));
        }
        election.publications++;
        return "ok";
    }

    long newToken(Election election) {
        return ++clock;
    }

    // ---- state and time

    private void changed(Key key, Election election) {
        election.revision = ++clock;
        Candidate holder = election.holder();
        if (holder.token == 0 && !holder.nonce.isEmpty()) {
            holder.token = newToken(election);
        }
        List<String> event = new ArrayList<>(List.of("event", key.cluster, key.election));
        event.addAll(state(election));
        peers.stream().filter(peer -> peer.watched.contains(key)).forEach(peer -> peer.tell(event));
    }

    /** history, revision, token, holder, number of waiting, their nonces, then component and record in turn. */
    private static List<String> state(@Nullable Election election) {
        if (election == null) {
            return Wire.message("", "0", "0", "", "0");
        }
        List<String> state = new ArrayList<>();
        state.add(election.history);
        state.add(Long.toString(election.revision));
        state.add(Long.toString(election.holder().token));
        state.add(election.holder().nonce);
        state.add(Integer.toString(election.queue.size() + election.lost.size()));
        election.queue.forEach(candidate -> state.add(candidate.nonce));
        state.addAll(election.lost);
        election.records.forEach((component, record) -> {
            state.add(component);
            state.add(record);
        });
        return state;
    }

    private void expireSessions() {
        while (!closed) {
            synchronized (this) {
                long now = System.nanoTime();
                Set<String> over = new HashSet<>();
                for (Iterator<Map.Entry<String, Session>> i =
                                sessions.entrySet().iterator();
                        i.hasNext(); ) {
                    Map.Entry<String, Session> session = i.next();
                    if (leader != null && now - session.getValue().until >= 0 && expires(session.getKey())) {
                        over.add(session.getKey());
                        i.remove();
                    }
                }
                if (!over.isEmpty()) {
                    elections.forEach((key, election) -> expire(key, election, over));
                }
            }
            LockSupport.parkNanos(TICK_NANOS);
        }
    }

    private void expire(Key key, Election election, Set<String> over) {
        List<String> nonces = election.queue.stream()
                .filter(candidate -> over.contains(candidate.session))
                .map(candidate -> candidate.nonce)
                .toList();
        if (!nonces.isEmpty()) {
            nonces.forEach(nonce -> remove(election, nonce));
            changed(key, election);
        }
    }

    // ---- the fixture's way in, past all clients

    synchronized RawElection raw(String cluster, String name) {
        Election election = elections.get(new Key(cluster, name));
        if (election == null) {
            return RawElection.NOTHING;
        }
        Map<String, LeaderRecord> records = new HashMap<>();
        election.records.forEach(
                (component, text) -> LeaderRecord.parse(text).ifPresent(record -> records.put(component, record)));
        Map<String, String> entries = new HashMap<>();
        election.entries.forEach((entry, value) ->
                entries.put(entry, new String(Base64.getDecoder().decode(value.base64), StandardCharsets.UTF_8)));
        return new RawElection(
                election.history, election.holder().token, records, entries, OptionalLong.of(election.publications));
    }

    synchronized void inject(Fault fault, String cluster, String name) {
        Key key = new Key(cluster, name);
        Election election = elections.get(key);
        if (election == null || election.queue.isEmpty()) {
            throw new IllegalStateException("nobody holds the lock of " + name);
        }
        switch (fault) {
            case REMOVE_LOCK -> remove(election, election.holder().nonce);
            case REMOVE_RECORDS -> election.records.clear();
            case OVERWRITE_RECORDS ->
                election.records.replaceAll((component, text) ->
                        new LeaderRecord(UUID.randomUUID(), election.holder().token, "tcp://intruder").toText());
            case WIPE -> {
                elections.remove(key);
                election.queue.clear();
                election.records.clear();
                election.entries.clear();
                election.history = "";
            }
        }
        changed(key, election);
    }

    // ---- connections

    private void accept(Server server) {
        try {
            while (true) {
                Peer peer = new Peer(server, server.listener.accept());
                boolean letIn;
                synchronized (this) {
                    letIn = !server.dead;
                    if (letIn) {
                        peers.add(peer);
                    }
                }
                if (letIn) {
                    daemon("read", peer::serve);
                    daemon("write", peer::deliver);
                } else {
                    peer.socket.close();
                }
            }
        } catch (IOException listenerClosed) {
            // The only way to end accept().
        }
    }

    private synchronized void awaitRunning(Server server) throws InterruptedException {
        while (server.paused && !closed) {
            wait();
        }
    }

    private static void daemon(String role, Runnable work) {
        Thread thread = new Thread(work, "reference-server-" + role);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        change(() -> closed = true);
        for (Server server : servers) {
            server.listener.close();
        }
        List<Peer> open;
        synchronized (this) {
            open = List.copyOf(peers);
        }
        for (Peer peer : open) {
            peer.socket.close();
        }
    }

    private final class Peer {
        private final Server server;
        private final Socket socket;
        private final BlockingQueue<List<String>> outgoing = new LinkedBlockingQueue<>();
        // Guarded by the authority.
        private final Set<Key> watched = new HashSet<>();
        private final List<List<String>> missed = new ArrayList<>();

        Peer(Server server, Socket socket) {
            this.server = server;
            this.socket = socket;
        }

        /** An event, which a server that is cut off has not heard of. */
        void tell(List<String> event) {
            if (server.apart) {
                missed.add(event);
            } else {
                send(event);
            }
        }

        private void catchUp() {
            missed.forEach(this::send);
            missed.clear();
        }

        void send(List<String> message) {
            outgoing.add(message);
        }

        private void serve() {
            try (DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()))) {
                while (true) {
                    List<String> request = Wire.read(in);
                    List<String> answer = new ArrayList<>(List.of("answer", request.get(0)));
                    synchronized (ReferenceServer.this) {
                        answer.addAll(answer(server, this, request.subList(1, request.size())));
                        send(answer);
                    }
                }
            } catch (IOException | InterruptedException clientIsGone) {
                synchronized (ReferenceServer.this) {
                    peers.remove(this);
                    if (peers.isEmpty()) {
                        elections.values().forEach(ReferenceServer.this::allGone);
                    }
                }
                send(List.of());
            }
        }

        private void deliver() {
            try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()))) {
                for (List<String> message = outgoing.take(); !message.isEmpty(); message = outgoing.take()) {
                    awaitRunning(server);
                    Wire.write(out, message);
                }
            } catch (IOException clientIsGone) {
                // The reader notices, too.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
