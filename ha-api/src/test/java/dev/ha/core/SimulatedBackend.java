package dev.ha.core;

import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.Following;
import dev.ha.spi.Grant;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.Lease;
import dev.ha.spi.MetadataStore;
import dev.ha.spi.Option;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A backend of one process: every request and answer is a message that may be late, out of order or lost. */
final class SimulatedBackend implements HighAvailabilityBackend, HighAvailabilityBackendFactory {
    private static final Duration MARGIN = Duration.ofSeconds(2);
    private static final Duration RENEWAL = Duration.ofMillis(1_500);
    private static final Duration POLL = Duration.ofSeconds(2);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** What is done wrongly on purpose, to see that the simulation notices. */
    enum Mistake {
        NONE,
        /** The deadline counts from the answer. */
        LEASE_FROM_ANSWER,
        /** Done is said before the release has arrived, and it never does. */
        FORGETS_RELEASE
    }

    private final Simulation simulation;
    private final SimulatedServer server;
    private final Simulation.SimulatedProcess process;
    private final Observer observer;
    private final Mistake mistake;
    private @Nullable BackendContext context;
    private @Nullable Session session;
    private double slow;
    private double loss;
    private boolean closed;

    /** Told of what the engine asks for, before it is sent. */
    interface Observer {
        /** These records shall be published. */
        void publishing(Simulation.SimulatedProcess process, String election, Map<String, LeaderRecord> records);

        /** The lock shall be released. */
        void releasing(Simulation.SimulatedProcess process, String election);
    }

    private final class Session {
        private final long id = server.newId();
        private final Lease lease;

        Session() {
            lease = context().lease(SimulatedServer.SESSION, MARGIN, context().nanoTime());
            renew(true);
        }

        private void renew(boolean open) {
            if (closed || (!open && !lease.isValid())) {
                return;
            }
            long sentAt = context().nanoTime();
            request(
                    () -> server.renew(id, open, () -> toProcess(() -> lease.end(Reason.EXPIRED, null))),
                    (alive, lost) -> {
                        if (lost == null && alive != null) {
                            if (alive) {
                                lease.renewed(
                                        mistake == Mistake.LEASE_FROM_ANSWER
                                                ? context().nanoTime()
                                                : sentAt);
                            } else {
                                lease.end(Reason.EXPIRED, null);
                            }
                        }
                    });
            context().schedule(RENEWAL, () -> renew(false));
        }
    }

    SimulatedBackend(
            Simulation simulation,
            SimulatedServer server,
            Simulation.SimulatedProcess process,
            Observer observer,
            Mistake mistake) {
        this.simulation = simulation;
        this.server = server;
        this.process = process;
        this.observer = observer;
        this.mistake = mistake;
        this.slow = simulation.chance(0.5) ? 0.3 : 0.02;
    }

    /** The share of messages that get lost. */
    void lose(double share) {
        loss = share;
    }

    /** Messages are neither lost nor late from now on. */
    void calm() {
        loss = 0;
        slow = 0;
    }

    /** The session in use, for faults; 0 if there is none. */
    long session() {
        return session == null ? 0 : session.id;
    }

    private BackendContext context() {
        if (context == null) {
            throw new IllegalStateException("not created");
        }
        return context;
    }

    // ---- messages ----

    private void toServer(Runnable arrival) {
        if (!simulation.chance(loss)) {
            simulation.after(delay(), null, arrival);
        }
    }

    private void toProcess(Runnable arrival) {
        if (!simulation.chance(loss)) {
            simulation.after(delay(), process, arrival);
        }
    }

    private Duration delay() {
        return simulation.upTo(simulation.chance(slow) ? Duration.ofSeconds(6) : Duration.ofMillis(20));
    }

    /** One request, one answer, one timeout. */
    private <T> void request(Supplier<T> work, BiConsumer<@Nullable T, @Nullable Throwable> answer) {
        boolean[] answered = new boolean[1];
        toServer(() -> {
            T result = work.get();
            toProcess(() -> {
                if (!answered[0]) {
                    answered[0] = true;
                    answer.accept(result, null);
                }
            });
        });
        context().schedule(TIMEOUT, () -> {
            if (!answered[0]) {
                answered[0] = true;
                answer.accept(null, new OutcomeUnknownException("no answer", null));
            }
        });
    }

    private static <T> void settle(CompletableFuture<T> stage, @Nullable T value, @Nullable Throwable failure) {
        if (failure == null) {
            stage.complete(value);
        } else {
            stage.completeExceptionally(failure);
        }
    }

    // ---- SPI ----

    @Override
    public String mode() {
        return "simulated";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of();
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        this.context = context;
        return this;
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        Session own = session;
        if (own == null || !own.lease.isValid()) {
            own = new Session();
            session = own;
        }
        if (simulation.chance(0.03)) {
            throw new IllegalStateException("elect refused");
        }
        return new Driver(candidacy, own);
    }

    private final class Driver implements LeaderElectionDriver {
        private final long id = server.newId();
        private final Candidacy candidacy;
        private final Session own;
        private boolean granted;
        private boolean released;

        Driver(Candidacy candidacy, Session own) {
            this.candidacy = candidacy;
            this.own = own;
            candidacy.joined(own.lease);
            request(
                    () -> server.enqueue(id, own.id, candidacy.election(), this::granted, this::seen),
                    (queued, lost) -> {
                        if (queued != null && queued) {
                            context().schedule(POLL, this::look);
                            return;
                        }
                        candidacy.ended(lost == null ? Reason.EXPIRED : Reason.CONNECTION_LOST, lost);
                        if (simulation.chance(0.3)) {
                            candidacy.granted(grant(1)); // a report out of order
                        }
                    });
        }

        /** As a watch that is set anew: what was lost is seen a little later. */
        private void look() {
            if (released || closed) {
                return;
            }
            request(() -> server.look(candidacy.election(), id), (place, lost) -> {
                if (place != null && place.isEmpty()) {
                    candidacy.ended(Reason.VANISHED, null);
                } else if (place != null && place.get() > 0 && !granted) {
                    granted = true;
                    candidacy.granted(grant(place.get()));
                }
            });
            request(() -> server.records(candidacy.election()), (records, lost) -> {
                if (records != null) {
                    candidacy.recordsSeen(records);
                }
            });
            context().schedule(POLL, this::look);
        }

        private Grant grant(long token) {
            return new Grant(new UUID(token, id), token, "history", own.lease); // not random: a seed plays one schedule
        }

        private void granted(long token) {
            toProcess(() -> {
                granted = true;
                candidacy.granted(grant(token));
                if (simulation.chance(0.1)) {
                    candidacy.granted(grant(token)); // twice
                }
            });
        }

        private void seen(Map<String, LeaderRecord> records) {
            toProcess(() -> candidacy.recordsSeen(records));
        }

        @Override
        public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            observer.publishing(process, candidacy.election(), records);
            request(() -> server.publish(candidacy.election(), id, records), (accepted, lost) -> {
                boolean fenced = accepted != null && !accepted;
                settle(done, null, fenced ? new LeadershipLostException("fenced", 0, 0) : lost);
            });
            return done;
        }

        @Override
        public CompletionStage<String> write(Change change) {
            return CompletableFuture.failedStage(new IllegalStateException("no stores here"));
        }

        @Override
        public CompletionStage<Void> close() {
            released = true;
            observer.releasing(process, candidacy.election());
            CompletableFuture<Void> done = new CompletableFuture<>();
            if (mistake == Mistake.FORGETS_RELEASE && simulation.chance(0.5)) {
                done.complete(null);
                return done;
            }
            request(
                    () -> {
                        server.remove(candidacy.election(), id);
                        return true;
                    },
                    (removed, lost) -> settle(done, null, lost));
            return done;
        }
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        throw new IllegalStateException("nobody follows here");
    }

    @Override
    public MetadataStore metadataStore(String election) {
        throw new IllegalStateException("no stores here");
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        Session own = session;
        if (own != null) {
            Set<Long> unused = server.expire(own.id);
        }
        return CompletableFuture.completedStage(null);
    }
}
