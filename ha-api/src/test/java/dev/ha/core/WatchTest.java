package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.MetadataStore;
import dev.ha.spi.Option;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SPEC chapter 5 against a backend that the test plays itself: what is told, in which order, and what is held back. */
final class WatchTest {
    private static final EngineSettings SETTINGS = new EngineSettings(
            Duration.ofSeconds(5),
            Duration.ofMillis(100),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            "cluster",
            Optional.empty());
    private static final UUID SESSION = new UUID(7, 7);

    private final Simulation simulation = new Simulation(3);
    private final Simulation.SimulatedProcess process = simulation.new SimulatedProcess("p");
    private final Backend backend = new Backend();
    private final Engine engine =
            new Engine(process, SETTINGS, made -> new EngineContext(made, process, new NoValues(), "cluster"), backend);
    private final List<LeaderInformation> told = new ArrayList<>();
    private final List<HighAvailabilityException> errors = new ArrayList<>();

    private static final class NoValues implements EngineContext.Values {
        @Override
        public <T> T get(Option<T> option) {
            throw new IllegalArgumentException("no options here");
        }
    }

    private LeaderRetrievalService follow() {
        LeaderRetrievalService follower = engine.leaderRetrieval("e");
        follower.start(new LeaderRetrievalListener() {
            @Override
            public void notifyLeader(LeaderInformation information) {
                told.add(information);
            }

            @Override
            public void handleError(HighAvailabilityException error) {
                errors.add(error);
            }
        });
        settle();
        return follower;
    }

    private void settle() {
        simulation.run(simulation.now() + Duration.ofMillis(50).toNanos(), () -> false);
    }

    private void seen(ElectionState state) {
        backend.watching.seen(state);
        settle();
    }

    private static ElectionState led(String history, long revision, long token, String address) {
        return new ElectionState(
                history,
                revision,
                token,
                Map.of("leader", new LeaderRecord(SESSION, token, address)),
                Reason.CONFIRMED);
    }

    private static ElectionState free(String history, long revision) {
        return new ElectionState(history, revision, 0, Map.of(), Reason.VANISHED);
    }

    private static Leader leader(long token, String address, Reason reason) {
        return new Leader(SESSION, token, address, "h", reason);
    }

    @Test
    void tellsTheFirstStateAlsoWhenItIsNone() {
        follow();
        seen(free("h", 1));
        assertThat(told).containsExactly(new None(Reason.INITIAL));
    }

    @Test
    void tellsEachChangeOnce() {
        follow();
        seen(led("h", 1, 5, "a"));
        seen(led("h", 1, 5, "a"));
        seen(led("h", 2, 5, "a"));
        seen(free("h", 3));
        seen(free("h", 3));
        seen(led("h", 4, 6, "b"));
        assertThat(told)
                .containsExactly(
                        leader(5, "a", Reason.INITIAL), new None(Reason.VANISHED), leader(6, "b", Reason.CONFIRMED));
    }

    @Test
    void aRecordWithoutItsHolderIsNobodys() {
        follow();
        seen(led("h", 1, 5, "a"));
        seen(new ElectionState("h", 2, 6, Map.of("leader", new LeaderRecord(SESSION, 5, "a")), Reason.CONFIRMED));
        assertThat(told).containsExactly(leader(5, "a", Reason.INITIAL), new None(Reason.VANISHED));
    }

    @Test
    void losingTheBackendIsUnknownAndTheSameLeaderIsRestored() {
        follow();
        seen(led("h", 1, 5, "a"));
        engine.disconnected(Reason.CONNECTION_SUSPENDED, new IllegalStateException("cable"));
        settle();
        assertThat(told.get(1)).isInstanceOfSatisfying(Unknown.class, unknown -> assertThat(unknown.last())
                .contains(leader(5, "a", Reason.INITIAL)));
        assertThat(errors).singleElement().isInstanceOf(UnavailableException.class);
        seen(led("h", 1, 5, "a"));
        assertThat(told.get(2)).isEqualTo(leader(5, "a", Reason.RESTORED));
    }

    @Test
    void anOlderStateIsHeldBackWhenTheAuthorityKnowsBetter() {
        follow();
        seen(led("h", 9, 5, "a"));
        backend.authority = led("h", 9, 5, "a");
        seen(led("h", 2, 3, "old"));
        assertThat(backend.reads).isEqualTo(1);
        assertThat(told).containsExactly(leader(5, "a", Reason.INITIAL));
    }

    @Test
    void aSmallerTokenThatTheAuthorityConfirmsIsAHistoryReset() {
        LeaderRetrievalService follower = follow();
        seen(led("h", 9, 5, "a"));
        backend.authority = led("h", 2, 3, "b");
        seen(backend.authority);
        assertThat(told)
                .containsExactly(
                        leader(5, "a", Reason.INITIAL),
                        new None(Reason.HISTORY_RESET),
                        leader(3, "b", Reason.HISTORY_RESET));
        assertThat(engine.health().detail()).contains("wiped or restored");
        seen(led("h", 3, 4, "c"));
        assertThat(follower.current().leader()).contains(leader(4, "c", Reason.CONFIRMED));
    }

    @Test
    void anotherHistoryIsAskedForBeforeItIsTold() {
        follow();
        seen(led("h", 9, 5, "a"));
        backend.authority = led("other", 1, 1, "b");
        seen(backend.authority);
        assertThat(told.get(2)).isEqualTo(new Leader(SESSION, 1, "b", "other", Reason.HISTORY_RESET));
    }

    @Test
    void anAnswerThatIsOvertakenByTheWatchIsNoReset() {
        follow();
        seen(led("h", 5, 5, "a"));
        CompletableFuture<ElectionState> first = new CompletableFuture<>();
        backend.delayed = first;
        seen(led("h", 2, 3, "old"));
        seen(led("h", 7, 6, "b"));
        backend.delayed = null;
        backend.authority = led("h", 7, 6, "b");
        first.complete(led("h", 5, 5, "a")); // true when it was asked for, late now
        settle();
        assertThat(told).containsExactly(leader(5, "a", Reason.INITIAL), leader(6, "b", Reason.CONFIRMED));
        assertThat(backend.reads).isEqualTo(2);
    }

    @Test
    void whatIsSeenWhileTheAuthorityIsAskedIsAskedForAgain() {
        follow();
        seen(led("h", 5, 5, "a"));
        CompletableFuture<ElectionState> wiped = new CompletableFuture<>();
        backend.delayed = wiped;
        seen(new ElectionState("", 0, 0, Map.of(), Reason.VANISHED));
        seen(led("other", 1, 1, "b")); // held back, as it may be anything
        backend.delayed = null;
        backend.authority = led("other", 1, 1, "b");
        wiped.complete(new ElectionState("", 0, 0, Map.of(), Reason.VANISHED));
        settle();
        assertThat(told.get(told.size() - 1)).isEqualTo(new Leader(SESSION, 1, "b", "other", Reason.HISTORY_RESET));
    }

    @Test
    void manyFollowersShareOneWatchAndItEndsWithTheLast() {
        LeaderRetrievalService first = follow();
        LeaderRetrievalService second = engine.leaderRetrieval("e", "web");
        second.start(information -> {});
        settle();
        assertThat(backend.watches).isEqualTo(1);
        first.close();
        settle();
        assertThat(backend.ended).isZero();
        second.close();
        settle();
        assertThat(backend.ended).isEqualTo(1);
        follow();
        assertThat(backend.watches).isEqualTo(2);
    }

    @Test
    void nothingIsToldAfterClose() {
        LeaderRetrievalService follower = follow();
        CompletableFuture<Leader> next = follower.leader().toCompletableFuture();
        backend.watching.seen(led("h", 1, 5, "a")); // queued, not yet told
        follower.close();
        settle();
        seen(led("h", 2, 6, "b"));
        assertThat(told).isEmpty();
        assertThat(next).isDone();
    }

    @Test
    void leaderIsThePresentOneOrTheNext() {
        LeaderRetrievalService follower = follow();
        CompletableFuture<Leader> next = follower.leader().toCompletableFuture();
        settle();
        assertThat(next).isNotDone();
        seen(led("h", 1, 5, "a"));
        assertThat(next).isCompletedWithValue(leader(5, "a", Reason.INITIAL));
    }

    @Test
    void aWatchThatCanNotBeOpenedIsUnknownAndTriedAgain() {
        backend.refusals = 3;
        follow();
        simulation.run(simulation.now() + Duration.ofSeconds(5).toNanos(), () -> backend.watches == 4);
        assertThat(told).singleElement().isInstanceOf(Unknown.class);
        seen(free("h", 1));
        assertThat(told).hasSize(2);
    }

    /** The test is the backend. */
    private static final class Backend
            implements HighAvailabilityBackendFactory, HighAvailabilityBackend, LeaderRetrievalDriver {
        private Following watching = new Nobody();
        private ElectionState authority = free("h", 0);
        private @Nullable CompletableFuture<ElectionState> delayed;
        private int watches;
        private int refusals;
        private int reads;
        private int ended;

        @Override
        public String mode() {
            return "test";
        }

        @Override
        public Collection<Option<?>> options() {
            return List.of();
        }

        @Override
        public HighAvailabilityBackend create(BackendContext context) {
            return this;
        }

        @Override
        public LeaderElectionDriver elect(Candidacy candidacy) {
            throw new IllegalStateException("nobody contends here");
        }

        @Override
        public LeaderRetrievalDriver retrieve(Following following) {
            watches++;
            if (refusals-- > 0) {
                throw new IllegalStateException("not now");
            }
            watching = following;
            return this;
        }

        @Override
        public MetadataStore metadataStore(String election) {
            throw new IllegalStateException("no stores here");
        }

        @Override
        public CompletionStage<ElectionState> read() {
            reads++;
            return delayed != null ? delayed : CompletableFuture.completedStage(authority);
        }

        @Override
        public CompletionStage<Void> close() {
            ended++;
            return CompletableFuture.completedStage(null);
        }
    }

    private static final class Nobody implements Following {
        @Override
        public String election() {
            return "";
        }

        @Override
        public void seen(ElectionState state) {}

        @Override
        public void unknown(Reason reason, @Nullable Throwable cause) {}
    }
}
