package dev.ha.standalone;

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
final class TestCandidacy implements Candidacy {
    private final String election;
    private final CompletableFuture<Grant> grant = new CompletableFuture<>();
    private final CompletableFuture<Reason> end = new CompletableFuture<>();
    final List<Map<String, LeaderRecord>> recordsSeen = new CopyOnWriteArrayList<>();

    /** Microseconds since 1970. */
    volatile long grantedAt;

    TestCandidacy(String election) {
        this.election = election;
    }

    /** Waits for the grant. */
    Grant grant() throws Exception {
        return grant.get(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    boolean isGranted() {
        return grant.isDone();
    }

    /** Waits for the end. */
    Reason end() throws Exception {
        return end.get(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    boolean hasEnded() {
        return end.isDone();
    }

    /** A record under the grant. */
    LeaderRecord record(String address) throws Exception {
        return new LeaderRecord(grant().sessionId(), grant().fencingToken(), address);
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
    public void joined(Lease lease) {
        throw new AssertionError("no mode of this module has sessions");
    }

    @Override
    public void ended(Reason reason, @Nullable Throwable cause) {
        if (!end.complete(reason)) {
            throw new AssertionError("ended twice: " + reason, cause);
        }
    }
}
