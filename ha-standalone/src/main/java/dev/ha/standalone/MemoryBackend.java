package dev.ha.standalone;

import dev.ha.Reason;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.MetadataStore;
import dev.ha.store.Entry;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Modes {@code none} and {@code embedded}: every call is done when it returns; no thread, no timer, no I/O. */
final class MemoryBackend implements HighAvailabilityBackend {
    private final MemoryRules rules;
    private final MemoryCluster cluster;
    /** What {@link #close} has to end. */
    private final Set<Participant> open = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    MemoryBackend(MemoryRules rules) {
        this.rules = rules;
        this.cluster = rules.cluster();
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        Driver driver = new Driver(candidacy);
        begin(driver);
        return driver;
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        Watch watch = new Watch(following);
        begin(watch);
        return watch;
    }

    @Override
    public MetadataStore metadataStore(String election) {
        return new MetadataStore() {
            @Override
            public CompletionStage<Optional<Entry>> get(String name) {
                return cluster.ask(election, memory -> memory.entry(name));
            }

            @Override
            public CompletionStage<Set<String>> names(String prefix) {
                return cluster.ask(election, memory -> memory.entryNames(prefix));
            }
        };
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        open.forEach(Participant::end);
        return CompletableFuture.completedStage(null);
    }

    private void begin(Participant participant) {
        open.add(participant);
        if (closed) {
            open.remove(participant);
            throw new IllegalStateException("this backend is closed");
        }
        participant.begin();
    }

    /** Whoever takes part in an election until it ends. */
    private interface Participant {
        void begin();

        CompletionStage<Void> end();
    }

    private final class Driver implements LeaderElectionDriver, Participant {
        private final String election;
        private final MemoryElection.Candidate candidate;

        Driver(Candidacy candidacy) {
            this.election = candidacy.election();
            this.candidate = new MemoryElection.Candidate(candidacy, rules::nextGrant);
        }

        @Override
        public void begin() {
            cluster.tell(election, (memory, reports) -> memory.join(candidate, reports));
        }

        @Override
        public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
            return cluster.tell(election, (memory, reports) -> memory.publish(candidate, records, reports));
        }

        @Override
        public CompletionStage<String> write(Change change) {
            return cluster.ask(election, memory -> memory.write(candidate, change));
        }

        @Override
        public CompletionStage<Void> close() {
            return end();
        }

        @Override
        public CompletionStage<Void> end() {
            open.remove(this);
            return cluster.tell(election, (memory, reports) -> memory.leave(candidate, reports));
        }
    }

    private final class Watch implements LeaderRetrievalDriver, Participant {
        private final Following following;
        private final String election;
        private final Map<String, LeaderRecord> fixed;

        Watch(Following following) {
            this.following = following;
            this.election = following.election();
            this.fixed = rules.fixedRecords(election);
        }

        @Override
        public void begin() {
            if (fixed.isEmpty()) {
                cluster.tell(election, (memory, reports) -> memory.follow(following, reports));
            } else {
                following.seen(fixedState());
            }
        }

        @Override
        public CompletionStage<ElectionState> read() {
            return fixed.isEmpty()
                    ? cluster.ask(election, memory -> memory.state(Reason.INITIAL))
                    : CompletableFuture.completedStage(fixedState());
        }

        @Override
        public CompletionStage<Void> close() {
            return end();
        }

        @Override
        public CompletionStage<Void> end() {
            open.remove(this);
            return cluster.tell(election, (memory, reports) -> memory.unfollow(following));
        }

        private ElectionState fixedState() {
            return new ElectionState(cluster.historyId(), 1, fixedToken(), fixed, Reason.INITIAL);
        }

        /** A record counts for followers only together with the lock it is published under. */
        private long fixedToken() {
            return fixed.values().iterator().next().fencingToken();
        }
    }
}
