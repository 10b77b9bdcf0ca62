package dev.ha.core;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
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
import dev.ha.spi.MetadataStore;
import dev.ha.spi.Option;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays one election in memory, from the grant to the close at the end of a JVM, once and in the background, when the first contender sits down. A standby waits for weeks and then
 * leads once; a leader resigns once, while its JVM ends. Java loads classes and links lambdas when they are first run, and that would be in just these two
 * moments: played before, a handover between two processes takes half the time.
 */
final class Rehearsal {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
    private static final AtomicBoolean BEGUN = new AtomicBoolean();
    private static final Duration BOUND = Duration.ofSeconds(5);
    private static final String ELECTION = "rehearsal";

    private Rehearsal() {}

    /** Returns at once; without effect from the second time on. */
    static void begin() {
        if (BEGUN.compareAndSet(false, true)) {
            Thread thread = new Thread(Rehearsal::play, "ha-" + ELECTION);
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Whether all of it worked. */
    static boolean play() {
        JvmPlatform platform = new JvmPlatform("ha-" + ELECTION, null);
        try {
            CompletableFuture<Void> confirmed = new CompletableFuture<>();
            Engine engine = new Engine(
                    platform,
                    new EngineSettings(BOUND, BOUND, BOUND, BOUND, "rehearsal", Optional.empty()),
                    made -> new EngineContext(made, platform, Rehearsal::noOption, ELECTION),
                    new Memory.Factory());
            engine.leaderElection(ELECTION).start(contender(confirmed));
            platform.await(confirmed, BOUND);
            engine.closeForExit();
            return confirmed.isDone() && !confirmed.isCompletedExceptionally();
        } catch (RuntimeException | LinkageError failure) {
            LOG.debug("The rehearsal failed; a first handover may take longer", failure);
            return false;
        } finally {
            platform.close();
        }
    }

    private static <T> T noOption(Option<T> option) {
        throw new IllegalArgumentException(option.key());
    }

    private static LeaderContender contender(CompletableFuture<Void> confirmed) {
        return new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                Stages.relay(leadership.confirm(ELECTION), confirmed);
            }

            @Override
            public void revokeLeadership(Leadership leadership) {}

            @Override
            public void handleError(HighAvailabilityException error) {}
        };
    }

    /** A backend in which every candidacy leads at once. */
    private record Memory(BackendContext context) implements HighAvailabilityBackend, LeaderElectionDriver {
        private record Factory() implements HighAvailabilityBackendFactory {
            @Override
            public String mode() {
                return ELECTION;
            }

            @Override
            public Collection<Option<?>> options() {
                return List.of();
            }

            @Override
            public HighAvailabilityBackend create(BackendContext context) {
                return new Memory(context);
            }
        }

        @Override
        public LeaderElectionDriver elect(Candidacy candidacy) {
            context.connected();
            candidacy.granted(Grant.of(1, ELECTION, context.lease(BOUND, BOUND.dividedBy(2), context.nanoTime())));
            return this;
        }

        @Override
        public LeaderRetrievalDriver retrieve(Following following) {
            throw new IllegalStateException("nobody follows");
        }

        @Override
        public MetadataStore metadataStore(String election) {
            throw new IllegalStateException("nobody reads");
        }

        @Override
        public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<String> write(Change change) {
            throw new IllegalStateException("nobody writes");
        }

        @Override
        public CompletionStage<Void> close() {
            return CompletableFuture.completedStage(null);
        }
    }
}
