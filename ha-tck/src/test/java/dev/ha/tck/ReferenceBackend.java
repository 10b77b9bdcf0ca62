package dev.ha.tck;

import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.Grant;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.Lease;
import dev.ha.spi.MetadataStore;
import dev.ha.store.Entry;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The client of the {@link ReferenceServer}: one connection at a time, one session, one lease. It is correct; what {@link WrongBackends} override is what makes them
 * wrong.
 */
class ReferenceBackend implements HighAvailabilityBackend {
    private static final Duration RECONNECT = Duration.ofMillis(20);

    final BackendContext context;
    final Duration lease;
    private final List<InetSocketAddress> servers;
    final List<Driver> drivers = new CopyOnWriteArrayList<>();
    final List<Watch> watches = new CopyOnWriteArrayList<>();
    // Guarded by this.
    private boolean started;
    private boolean closed;
    private boolean troubled;
    private int outages;
    private int attempts;
    private final List<CompletableFuture<Void>> waiting = new ArrayList<>();
    private @Nullable Link link;
    private @Nullable Session session;

    /** What this process is to the server, and its lease. */
    record Session(String id, Lease lease) {}

    ReferenceBackend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
        this.context = context;
        this.servers = servers;
        this.lease = lease;
    }

    // ---- what wrong backends do in another way

    Lease newLease(long sentAt) {
        return context.lease(lease, lease.dividedBy(10), sentAt);
    }

    /** A renewal that was sent at {@code sentAt} has been answered. */
    void renewed(Session session, long sentAt) {
        session.lease.renewed(sentAt);
    }

    /** The state of an election has arrived, of a watch or after a request. */
    void arrived(State state) {
        drivers.stream()
                .filter(driver -> driver.election().equals(state.election))
                .forEach(driver -> driver.seen(state));
        watches.stream()
                .filter(watch -> watch.election().equals(state.election))
                .forEach(watch -> watch.seen(state));
    }

    /** The connection is gone. */
    void disconnected(Throwable cause) {
        context.disconnected(Reason.CONNECTION_LOST, cause);
        watches.forEach(watch -> watch.following.unknown(Reason.CONNECTION_LOST, cause));
    }

    Driver newDriver(Candidacy candidacy) {
        return new Driver(candidacy);
    }

    Watch newWatch(Following following) {
        return new Watch(following);
    }

    /** What this cluster is called in requests. */
    String cluster() {
        return context.clusterId();
    }

    /** Whether to connect again after so many outages. */
    boolean reconnects(int outages) {
        return true;
    }

    /** Connected again: joins the queues that it is to be in. */
    void enterAll() {
        drivers.forEach(Driver::enter);
    }

    /** What an election is called in requests. */
    String encode(String name) {
        return name;
    }

    // ---- SPI

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        Driver driver = newDriver(candidacy);
        drivers.add(driver);
        start();
        driver.enter();
        return driver;
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        Watch watch = newWatch(following);
        watches.add(watch);
        start();
        watch(following.election());
        return watch;
    }

    @Override
    public MetadataStore metadataStore(String election) {
        return new MetadataStore() {
            @Override
            public CompletionStage<Optional<Entry>> get(String name) {
                return connected()
                        .thenCompose(up -> request(false, "GET", cluster(), encode(election), name))
                        .thenApply(answer -> entry(name, answer));
            }

            @Override
            public CompletionStage<Set<String>> names(String prefix) {
                return connected()
                        .thenCompose(up -> request(false, "NAMES", cluster(), encode(election), prefix))
                        .thenApply(Set::copyOf);
            }
        };
    }

    private static Optional<Entry> entry(String name, List<String> answer) {
        return answer.get(0).equals("none")
                ? Optional.empty()
                : Optional.of(new Entry(
                        name,
                        Base64.getDecoder().decode(answer.get(1)),
                        answer.get(2),
                        UUID.fromString(answer.get(3))));
    }

    @Override
    public CompletionStage<Void> close() {
        Link open;
        synchronized (this) {
            closed = true;
            open = link;
        }
        if (open != null) {
            open.close(new IOException("closed"));
        }
        return CompletableFuture.completedFuture(null);
    }

    // ---- connection

    final synchronized void start() {
        if (!started) {
            started = true;
            connectAfter(Duration.ZERO);
            keepAlive();
        }
    }

    private void connectAfter(Duration delay) {
        context.schedule(delay, () -> background(this::connect));
    }

    private void background(Work work) {
        CompletionStage<Void> unused = context.blocking(() -> {
            work.run();
            return null;
        });
    }

    private interface Work {
        void run() throws Exception;
    }

    /** Connects, and serves the connection until it breaks. */
    private void connect() {
        Link opened = null;
        try {
            InetSocketAddress server;
            synchronized (this) {
                if (closed) {
                    return;
                }
                server = servers.get(attempts % servers.size());
                attempts++;
            }
            Socket socket = new Socket();
            socket.connect(server, (int) lease.toMillis());
            opened = new Link(socket);
            Link serving = opened;
            background(serving::read);
            hello(serving);
            List<CompletableFuture<Void>> served;
            synchronized (this) {
                link = serving;
                served = List.copyOf(waiting);
                waiting.clear();
                if (troubled) {
                    troubled = false;
                    context.connected();
                }
            }
            served.forEach(up -> up.complete(null));
            renew();
            enterAll();
            Set<String> watched = ConcurrentHashMap.newKeySet();
            drivers.forEach(driver -> watched.add(driver.election()));
            watches.forEach(watch -> watched.add(watch.election()));
            watched.forEach(this::watch);
        } catch (Exception e) {
            if (opened == null) {
                broken(null, e);
            } else {
                opened.close(e);
            }
        }
    }

    private void hello(Link opened) throws Exception {
        Session known;
        synchronized (this) {
            known = session;
        }
        long sentAt = context.nanoTime();
        String id = known == null || !known.lease.isValid() ? UUID.randomUUID().toString() : known.id;
        if (known != null && id.equals(known.id)) {
            List<String> kept = opened.ask("KEEP", id).get();
            if (kept.get(0).equals("ok")) {
                renewed(known, sentAt);
                return;
            }
            known.lease.end(Reason.EXPIRED, null);
            id = UUID.randomUUID().toString();
        }
        opened.ask("HELLO", id, Long.toString(lease.toMillis())).get();
        synchronized (this) {
            session = new Session(id, newLease(sentAt));
        }
    }

    private void broken(@Nullable Link was, Throwable cause) {
        boolean told;
        int outage;
        synchronized (this) {
            if (closed) {
                return;
            }
            outages += troubled ? 0 : 1;
            outage = outages;
            if (was == link) {
                link = null;
            }
            told = troubled;
            troubled = true;
        }
        if (!told) {
            disconnected(cause);
        }
        if (reconnects(outage)) {
            connectAfter(RECONNECT);
        }
    }

    private void keepAlive() {
        context.schedule(lease.dividedBy(6), () -> {
            synchronized (this) {
                if (closed) {
                    return;
                }
            }
            background(this::renew);
            keepAlive();
        });
    }

    private void renew() {
        Session present;
        synchronized (this) {
            present = session;
        }
        if (present != null && !present.lease.isValid()) {
            renewSession(present);
        } else if (present != null) {
            long sentAt = context.nanoTime();
            request(false, "KEEP", present.id).thenAccept(answer -> {
                if (answer.get(0).equals("ok")) {
                    renewed(present, sentAt);
                } else {
                    present.lease.end(Reason.EXPIRED, null);
                    renewSession(present);
                }
            });
        }
    }

    private void renewSession(Session over) {
        Link open;
        synchronized (this) {
            if (session == null || !session.id.equals(over.id)) {
                return;
            }
            open = link;
        }
        if (open != null) {
            open.close(new IOException("session expired"));
        }
    }

    /** The session whose lease is good; null when there is none. */
    private synchronized @Nullable Session session() {
        return session == null || !session.lease.isValid() ? null : session;
    }

    private void watch(String election) {
        request(false, "WATCH", cluster(), encode(election)).thenAccept(state -> arrived(new State(election, state)));
    }

    /** Connected, now or within half a lease; for reads, which may come first. */
    private CompletionStage<Void> connected() {
        start();
        CompletableFuture<Void> up;
        synchronized (this) {
            if (link != null) {
                return CompletableFuture.completedFuture(null);
            }
            up = new CompletableFuture<>();
            waiting.add(up);
        }
        context.schedule(lease.dividedBy(2), () -> up.complete(null));
        return up;
    }

    /** Fails with UnavailableException when certainly not applied, else, for a change, with OutcomeUnknownException. */
    CompletionStage<List<String>> request(boolean change, String... texts) {
        Link open;
        synchronized (this) {
            open = link;
        }
        if (open == null) {
            return CompletableFuture.failedFuture(
                    new UnavailableException("not connected", Reason.CONNECTION_LOST, null));
        }
        return open.ask(texts)
                .exceptionallyCompose(cause -> CompletableFuture.failedFuture(
                        change
                                ? new OutcomeUnknownException("no answer to " + texts[0], cause)
                                : new UnavailableException("no answer to " + texts[0], Reason.CONNECTION_LOST, cause)));
    }

    private final class Link {
        private final Socket socket;
        private final DataOutputStream out;
        private final Map<String, CompletableFuture<List<String>>> asked = new ConcurrentHashMap<>();
        private long ids;
        private boolean ended;

        Link(Socket socket) throws IOException {
            this.socket = socket;
            socket.setTcpNoDelay(true);
            out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        }

        CompletableFuture<List<String>> ask(String... texts) {
            CompletableFuture<List<String>> answer = new CompletableFuture<>();
            try {
                synchronized (this) {
                    if (ended) {
                        throw new IOException("connection is gone");
                    }
                    String id = Long.toString(++ids);
                    asked.put(id, answer);
                    List<String> message = new ArrayList<>(List.of(id));
                    message.addAll(List.of(texts));
                    Wire.write(out, message);
                }
                BackendContext.Timer timeout =
                        context.schedule(lease.multipliedBy(3).dividedBy(4), () -> {
                            if (!answer.isDone()) {
                                background(() -> close(new IOException("no answer to " + texts[0])));
                            }
                        });
                CompletableFuture<List<String>> unused = answer.whenComplete((done, failure) -> timeout.close());
            } catch (IOException e) {
                answer.completeExceptionally(e);
                background(() -> close(e));
            }
            return answer;
        }

        private void read() {
            try (DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()))) {
                while (true) {
                    List<String> message = Wire.read(in);
                    if (message.get(0).equals("answer")) {
                        CompletableFuture<List<String>> waiting = asked.remove(message.get(1));
                        if (waiting != null) {
                            waiting.complete(message.subList(2, message.size()));
                        }
                    } else {
                        event(message.get(2), message.subList(3, message.size()));
                    }
                }
            } catch (IOException | RuntimeException e) {
                close(e);
            }
        }

        private void event(String encoded, List<String> state) {
            Set<String> names = ConcurrentHashMap.newKeySet();
            drivers.forEach(driver -> names.add(driver.election()));
            watches.forEach(watch -> names.add(watch.election()));
            names.stream()
                    .filter(name -> encode(name).equals(encoded))
                    .forEach(name -> arrived(new State(name, state)));
        }

        void close(Throwable cause) {
            synchronized (this) {
                if (ended) {
                    return;
                }
                ended = true;
            }
            try {
                socket.close();
            } catch (IOException alreadyBroken) {
                // There is nothing left to close.
            }
            asked.values().forEach(answer -> answer.completeExceptionally(cause));
            broken(this, cause);
        }
    }

    /** An election as the server has it. */
    static final class State {
        final String election;
        final String history;
        final long revision;
        final long token;
        final String holder;
        final Set<String> queue;
        final Map<String, LeaderRecord> records = new HashMap<>();

        State(String election, List<String> message) {
            this.election = election;
            history = message.get(0);
            revision = Long.parseLong(message.get(1));
            token = Long.parseLong(message.get(2));
            holder = message.get(3);
            int records = 5 + Integer.parseInt(message.get(4));
            queue = Set.copyOf(message.subList(5, records));
            for (int i = records; i + 1 < message.size(); i += 2) {
                String component = message.get(i);
                LeaderRecord.parse(message.get(i + 1)).ifPresent(record -> this.records.put(component, record));
            }
        }

        ElectionState toElectionState() {
            return new ElectionState(history, revision, token, records, Reason.INITIAL);
        }
    }

    class Driver implements LeaderElectionDriver {
        final Candidacy candidacy;
        final String nonce = UUID.randomUUID().toString();
        // Guarded by this.
        private boolean entered;
        private boolean granted;
        private boolean ended;
        private long token;
        private @Nullable Session joined;

        Driver(Candidacy candidacy) {
            this.candidacy = candidacy;
        }

        final String election() {
            return candidacy.election();
        }

        final synchronized boolean hasEntered() {
            return entered;
        }

        /** Joins the queue; again after each reconnect until that has been acknowledged. The server knows the nonce. */
        final void enter() {
            Session present = session();
            synchronized (this) {
                if (entered || ended || present == null) {
                    return;
                }
            }
            candidacy.joined(present.lease);
            request(true, "ENTER", cluster(), encode(election()), present.id, nonce)
                    .thenAccept(answer -> {
                        if (answer.get(0).equals("ok")) {
                            entered(present);
                        } else {
                            end(Reason.EXPIRED);
                        }
                    });
        }

        private void entered(Session present) {
            synchronized (this) {
                entered = true;
                joined = present;
            }
            watch(election());
        }

        final void seen(State state) {
            boolean grant;
            boolean lost;
            Session present;
            synchronized (this) {
                if (!entered || ended) {
                    return;
                }
                present = joined;
                grant = !granted && isMine(state);
                granted |= grant;
                lost = !state.queue.contains(nonce);
                token = grant ? state.token : token;
            }
            if (lost) {
                taken(state);
            } else if (grant && present != null) {
                grant(state, present);
            } else if (granted) {
                recordsSeen(state);
            }
        }

        /** The server has this candidate no more. */
        void taken(State state) {
            end(Reason.REMOVED);
        }

        boolean isMine(State state) {
            return state.holder.equals(nonce);
        }

        void grant(State state, Session session) {
            candidacy.granted(Grant.of(state.token, state.history, session.lease));
        }

        void recordsSeen(State state) {
            candidacy.recordsSeen(state.records);
        }

        final void end(Reason reason) {
            synchronized (this) {
                if (ended) {
                    return;
                }
                ended = true;
            }
            candidacy.ended(reason, null);
        }

        @Override
        public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
            List<String> request = new ArrayList<>(List.of("PUBLISH", cluster(), encode(election()), nonce));
            records.forEach((component, record) -> {
                request.add(component);
                request.add(record.toText());
            });
            return request(true, request.toArray(String[]::new)).thenCompose(answer -> {
                CompletionStage<Void> outcome = answer.get(0).equals("ok")
                        ? CompletableFuture.completedStage(null)
                        : CompletableFuture.failedStage(lost());
                return outcome;
            });
        }

        @Override
        public CompletionStage<String> write(Change change) {
            String expected = change.kind() == Change.Kind.CREATE ? "" : change.expectedVersion();
            return request(
                            true,
                            "WRITE",
                            cluster(),
                            encode(election()),
                            nonce,
                            change.kind().name(),
                            change.name(),
                            Base64.getEncoder().encodeToString(stored(change.value())),
                            expected,
                            change.writeId().toString())
                    .thenCompose(answer -> outcome(answer.get(0), change));
        }

        byte[] stored(byte[] value) {
            return value;
        }

        private CompletionStage<String> outcome(String answer, Change change) {
            if (answer.startsWith("version:")) {
                return CompletableFuture.completedStage(answer.substring("version:".length()));
            }
            return CompletableFuture.failedStage(
                    answer.equals("lost") ? lost() : new ConflictException("conflict: " + change));
        }

        private synchronized LeadershipLostException lost() {
            return new LeadershipLostException("not the holder of " + election(), token, 0);
        }

        @Override
        public CompletionStage<Void> close() {
            synchronized (this) {
                ended = true;
            }
            return request(true, "LEAVE", cluster(), encode(election()), nonce)
                    .thenAccept(answer -> drivers.remove(this));
        }
    }

    class Watch implements LeaderRetrievalDriver {
        final Following following;

        Watch(Following following) {
            this.following = following;
        }

        final String election() {
            return following.election();
        }

        void seen(State state) {
            following.seen(state.toElectionState());
        }

        @Override
        public CompletionStage<ElectionState> read() {
            return connected()
                    .thenCompose(up -> request(false, "STATE", cluster(), encode(election())))
                    .thenApply(answer -> new State(election(), answer).toElectionState());
        }

        @Override
        public CompletionStage<Void> close() {
            watches.remove(this);
            return CompletableFuture.completedStage(null);
        }
    }
}
