package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Remembers what a driver reports. */
final class DirectCandidacy implements Candidacy {
    private final String election;
    private final CompletableFuture<Grant> grant = new CompletableFuture<>();
    private final CompletableFuture<Reason> end = new CompletableFuture<>();
    final List<Map<String, LeaderRecord>> recordsSeen = new CopyOnWriteArrayList<>();

    DirectCandidacy(String election) {
        this.election = election;
    }

    Grant granted() throws Exception {
        return grant.get(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    boolean isGranted() {
        return grant.isDone();
    }

    Reason end() throws Exception {
        return end.get(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public String election() {
        return election;
    }

    @Override
    public void granted(Grant won) {
        grant.complete(won);
    }

    @Override
    public void recordsSeen(Map<String, LeaderRecord> records) {
        recordsSeen.add(records);
    }

    @Override
    public void joined(Lease lease) {}

    @Override
    public void ended(Reason reason, @Nullable Throwable cause) {
        end.complete(reason);
    }
}
