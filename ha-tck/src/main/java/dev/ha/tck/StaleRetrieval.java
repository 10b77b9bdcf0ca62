package dev.ha.tck;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Reason;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A follower that speaks of the former leader again after each new one, as a cache does that lags behind: what rule 5.6 forbids, and who judges by tokens survives. */
final class StaleRetrieval implements LeaderRetrievalService {
    private final LeaderRetrievalService right;
    private @Nullable Leader former;

    StaleRetrieval(LeaderRetrievalService right) {
        this.right = right;
    }

    @Override
    public void start(LeaderRetrievalListener listener) {
        right.start(information -> {
            listener.notifyLeader(information);
            information.leader().ifPresent(leader -> {
                if (former != null) {
                    listener.notifyLeader(former);
                    listener.notifyLeader(new Unknown(Instant.EPOCH, Optional.of(former), Reason.CONNECTION_SUSPENDED));
                    listener.notifyLeader(former);
                    listener.notifyLeader(leader);
                }
                former = leader;
            });
        });
    }

    @Override
    public LeaderInformation current() {
        return right.current();
    }

    @Override
    public CompletionStage<Leader> leader() {
        return right.leader();
    }

    @Override
    public CompletionStage<LeaderInformation> read() {
        return right.read();
    }

    @Override
    public void close() {
        right.close();
    }
}
