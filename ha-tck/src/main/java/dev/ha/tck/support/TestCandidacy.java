package dev.ha.tck.support;

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
public final class TestCandidacy implements Candidacy {
    private final String election;
    private final CompletableFuture<Grant> grant = new CompletableFuture<>();
    private final CompletableFuture<Reason> end = new CompletableFuture<>();
    private final List<Map<String, LeaderRecord>> recordsSeen = new CopyOnWriteArrayList<>();

    /** For {@code election}. */
    public TestCandidacy(String election) {
        this.election = election;
    }

    /** The grant, when it is there. */
    public Grant granted() throws Exception {
        return grant.get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
    }

    /** Whether it is there. */
    public boolean isGranted() {
        return grant.isDone();
    }

    /** Why the candidacy has ended, when it has. */
    public Reason end() throws Exception {
        return end.get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
    }

    /** Whether it has ended. */
    public boolean isEnded() {
        return end.isDone();
    }

    /** All records that were seen, in order. */
    public List<Map<String, LeaderRecord>> recordsSeen() {
        return recordsSeen;
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
