package dev.ha.cli;

import dev.ha.Reason;
import dev.ha.UnavailableException;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A backend with leases and without a server, for tests of processes: deliberately wrong, as it grants every process
 * its own leadership. While the file {@code cut} exists, nothing is granted and no lease renewed, as if the network
 * were cut.
 */
public final class LeasedBackendFactory implements HighAvailabilityBackendFactory {
    private static final Option<Duration> LEASE =
            Option.duration("lease", "How long a grant is good for.").orElse(Duration.ofSeconds(3));
    private static final Option<Optional<Path>> CUT =
            Option.path("cut", "While this file exists, the network is cut.").optional();
    private static final Option<Optional<String>> PASSWORD =
            Option.text("password", "For nothing.").secret().optional();

    @Override
    public String mode() {
        return "leased";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of(LEASE, CUT, PASSWORD);
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        return new Backend(context);
    }

    private static final class Backend implements HighAvailabilityBackend {
        private final BackendContext context;
        private volatile Map<String, LeaderRecord> records = Map.of();

        Backend(BackendContext context) {
            this.context = context;
        }

        boolean isCut() {
            return context.get(CUT).filter(Files::exists).isPresent();
        }

        @Override
        public LeaderElectionDriver elect(Candidacy candidacy) {
            Driver driver = new Driver(this, candidacy);
            driver.tryGrant();
            return driver;
        }

        @Override
        public LeaderRetrievalDriver retrieve(Following following) {
            following.seen(state());
            return new LeaderRetrievalDriver() {
                @Override
                public CompletionStage<ElectionState> read() {
                    return CompletableFuture.completedFuture(state());
                }

                @Override
                public CompletionStage<Void> close() {
                    return CompletableFuture.completedFuture(null);
                }
            };
        }

        private ElectionState state() {
            Map<String, LeaderRecord> now = records;
            long token = now.values().stream()
                    .mapToLong(LeaderRecord::fencingToken)
                    .findFirst()
                    .orElse(0);
            return new ElectionState("history", context.nanoTime(), token, now, Reason.INITIAL);
        }

        @Override
        public MetadataStore metadataStore(String election) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> close() {
            return CompletableFuture.completedFuture(null);
        }
    }

    private static final class Driver implements LeaderElectionDriver {
        private final Backend backend;
        private final Candidacy candidacy;
        private volatile boolean closed;

        Driver(Backend backend, Candidacy candidacy) {
            this.backend = backend;
            this.candidacy = candidacy;
        }

        void tryGrant() {
            BackendContext context = backend.context;
            Duration duration = context.get(LEASE);
            Duration step = duration.dividedBy(10);
            if (closed) {
                return;
            }
            if (backend.isCut()) {
                context.schedule(step, this::tryGrant);
                return;
            }
            Lease lease = context.lease(duration, step, context.nanoTime());
            long token = ChronoUnit.MICROS.between(Instant.EPOCH, context.wallTime());
            candidacy.granted(Grant.of(token, "history", lease));
            context.schedule(step, () -> renew(lease, step));
        }

        private void renew(Lease lease, Duration step) {
            if (closed || !lease.isValid()) {
                return;
            }
            if (!backend.isCut()) {
                lease.renewed(backend.context.nanoTime());
            }
            backend.context.schedule(step, () -> renew(lease, step));
        }

        @Override
        public CompletionStage<Void> publish(Map<String, LeaderRecord> wanted) {
            if (backend.isCut()) {
                return CompletableFuture.failedFuture(new UnavailableException("cut", Reason.CONNECTION_LOST, null));
            }
            backend.records = Map.copyOf(wanted);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<String> write(Change change) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> close() {
            closed = true;
            return CompletableFuture.completedFuture(null);
        }
    }
}
