package dev.ha.core;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionState;
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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One process on a clock that the test moves, and the backend's part, which the test plays. */
final class PlayedBackend implements HighAvailabilityBackend, HighAvailabilityBackendFactory {
    static final Duration DURATION = Duration.ofSeconds(9);
    static final Duration MARGIN = Duration.ofSeconds(3);

    private static final EngineSettings SETTINGS = new EngineSettings(
            Duration.ofSeconds(5),
            Duration.ofMillis(100),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            "cluster",
            Optional.empty());

    final Simulation simulation = new Simulation(5);
    final Simulation.SimulatedProcess process = simulation.new SimulatedProcess("p");
    final List<Candidacy> candidacies = new ArrayList<>();
    final Engine engine;

    @Nullable
    Following following;

    @Nullable
    RuntimeException refusal;

    private @Nullable BackendContext context;

    PlayedBackend() {
        EngineContext.Values none = new EngineContext.Values() {
            @Override
            public <T> T get(Option<T> option) {
                throw new IllegalArgumentException("no options here");
            }
        };
        engine = new Engine(process, SETTINGS, made -> new EngineContext(made, process, none, "cluster"), this);
    }

    BackendContext context() {
        return Objects.requireNonNull(context);
    }

    /** Time passes for everybody. */
    void pass(Duration time) {
        simulation.run(simulation.now() + time.toNanos(), () -> false);
    }

    void settle() {
        pass(Duration.ofMillis(50));
    }

    Lease lease() {
        return context().lease(DURATION, MARGIN, context().nanoTime());
    }

    /** The latest candidacy wins. */
    void grant(long token, Lease lease) {
        candidacies.get(candidacies.size() - 1).granted(new Grant(session(token), token, "h", lease));
        settle();
    }

    static UUID session(long token) {
        return new UUID(1, token);
    }

    /** The watch sees that leader; nobody when {@code token} is 0. */
    void seen(long revision, long token) {
        Map<String, LeaderRecord> records =
                token == 0 ? Map.of() : Map.of("leader", new LeaderRecord(session(token), token, "a"));
        Objects.requireNonNull(following)
                .seen(new ElectionState(
                        "h", revision, token, records, token == 0 ? Reason.VANISHED : Reason.CONFIRMED));
        settle();
    }

    /** A contender in election {@code e}, which has started. */
    Contender contend() {
        Contender contender = new Contender(engine.leaderElection("e"));
        contender.seat.start(contender);
        settle();
        return contender;
    }

    LeaderRetrievalService follow() {
        LeaderRetrievalService follower = engine.leaderRetrieval("e");
        follower.start(new LeaderRetrievalListener() {
            @Override
            public void notifyLeader(LeaderInformation information) {}
        });
        settle();
        return follower;
    }

    final class Contender implements LeaderContender {
        final LeaderElection seat;
        Duration atGrant = Duration.ZERO;
        Duration atRevoke = Duration.ZERO;

        @Nullable
        Leadership leadership;

        private Contender(LeaderElection seat) {
            this.seat = seat;
        }

        Leadership leadership() {
            return Objects.requireNonNull(leadership);
        }

        @Override
        public void grantLeadership(Leadership granted) {
            leadership = granted;
            simulation.block(atGrant);
        }

        @Override
        public void revokeLeadership(Leadership revoked) {
            simulation.block(atRevoke);
        }

        @Override
        public void handleError(HighAvailabilityException error) {}
    }

    // ---- SPI ----

    @Override
    public String mode() {
        return "played";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of();
    }

    @Override
    public HighAvailabilityBackend create(BackendContext handed) {
        context = handed;
        return this;
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        candidacies.add(candidacy);
        return new LeaderElectionDriver() {
            @Override
            public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
                return answer(null);
            }

            @Override
            public CompletionStage<String> write(Change change) {
                return answer("1");
            }

            @Override
            public CompletionStage<Void> close() {
                return CompletableFuture.completedFuture(null);
            }
        };
    }

    private <T> CompletionStage<T> answer(@Nullable T value) {
        return refusal == null ? CompletableFuture.completedFuture(value) : CompletableFuture.failedFuture(refusal);
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following asked) {
        following = asked;
        return new LeaderRetrievalDriver() {
            @Override
            public CompletionStage<ElectionState> read() {
                return CompletableFuture.failedFuture(new IllegalStateException("nobody reads here"));
            }

            @Override
            public CompletionStage<Void> close() {
                return CompletableFuture.completedFuture(null);
            }
        };
    }

    @Override
    public MetadataStore metadataStore(String election) {
        throw new IllegalStateException("nobody reads here");
    }

    @Override
    public CompletionStage<Void> close() {
        return CompletableFuture.completedFuture(null);
    }
}
