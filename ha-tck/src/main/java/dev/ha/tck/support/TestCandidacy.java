package dev.ha.tck.support;

import dev.ha.Reason;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Remembers what a driver reports, and fails on what it must not report. */
public final class TestCandidacy implements Candidacy {
    private final String election;
    private final CompletableFuture<Grant> grant = new CompletableFuture<>();
    private final CompletableFuture<Reason> end = new CompletableFuture<>();
    private volatile long grantedAt;
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

    /** Microseconds since 1970 at the grant. */
    public long grantedAt() {
        return grantedAt;
    }

    /** A record of {@code address} under the grant. */
    public LeaderRecord record(String address) throws Exception {
        return new LeaderRecord(granted().sessionId(), granted().fencingToken(), address);
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
        grantedAt = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        if (!grant.complete(won)) {
            throw new AssertionError("granted twice: " + won);
        }
    }

    @Override
    public void recordsSeen(Map<String, LeaderRecord> records) {
        recordsSeen.add(records);
    }

    @Override
    public void joined(Lease lease) {}

    @Override
    public void ended(Reason reason, @Nullable Throwable cause) {
        if (!end.complete(reason)) {
            throw new AssertionError("ended twice: " + reason, cause);
        }
    }
}
