package dev.ha.standalone;

import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRecord;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One candidacy by file locks; docs/decisions/0002-file-lock-protocol.md tells why each step is safe. All of it happens in the steps of one loop, one after
 * the other; what has to be waited for is looked at again in a later step.
 */
final class FileCandidacy implements LeaderElectionDriver, FileDriver {
    private static final Logger LOG = LoggerFactory.getLogger(FileCandidacy.class);
    private static final Duration SOON = Duration.ofMillis(1);
    private static final Duration LATER = Duration.ofMillis(50);
    /** Wait after an error of the file system. */
    private static final Duration TROUBLE = Duration.ofMillis(500);
    /** How long a change waits for the guard, which others hold for the time of one change. */
    private static final Duration GUARD_PATIENCE = Duration.ofSeconds(5);

    private static final String LOCK_REMOVED = "its lock was removed";
    private static final int MOST_FAREWELLS = 1000;

    private final FileBackend backend;
    private final BackendContext context;
    private final Candidacy candidacy;
    private final FileElection election;
    private final FileEntries entries;
    private final Loop loop;
    private final DirectoryWatch.Subscription subscription;
    private final HolderWatch holderWatch;
    private final Queue<Request<?>> requests = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile boolean closing;
    private volatile @Nullable FileTerm term;
    /** Nothing to look after until somebody tells of a change. */
    private volatile boolean quiet;

    // The rest is touched by the loop only.
    private final FileContest contest;
    private Duration wait = SOON;
    private long revision;
    private long writes;
    private boolean over;
    private int farewells;

    /** What may be done under a win only. */
    private interface Act<T> {
        @Nullable
        T apply(FileTerm won) throws IOException;
    }

    private record Request<T>(Act<T> act, CompletableFuture<T> result, long since) {}

    FileCandidacy(FileBackend backend, Candidacy candidacy) {
        this.backend = backend;
        this.context = backend.context();
        this.candidacy = candidacy;
        this.election = backend.root().election(candidacy.election());
        this.entries = new FileEntries(election);
        this.contest = new FileContest(election);
        this.loop = new Loop(context, this::step);
        this.subscription = backend.directoryWatch().subscribe(election.directory(), loop::kick);
        this.holderWatch = new HolderWatch(backend.processes(), loop::kick);
    }

    @Override
    public void begin() {
        loop.kick();
    }

    @Override
    public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
        return request(won -> {
            publish(won, true, records);
            return null;
        });
    }

    @Override
    public CompletionStage<String> write(Change change) {
        return request(won -> entries.write(won.seal(), change, won.seal().token() + "-" + ++writes));
    }

    private <T> CompletionStage<T> request(Act<T> act) {
        Request<T> request = new Request<>(act, new CompletableFuture<>(), context.nanoTime());
        requests.add(request);
        loop.kick();
        return request.result;
    }

    @Override
    public CompletionStage<Void> close() {
        closing = true;
        loop.kick();
        return closed;
    }

    /** The leader's locks are looked at right here, without a step, so that nothing can hold that up (SAFETY F2). */
    @Override
    public void tick(boolean thorough) {
        FileTerm won = term;
        if (thorough || (won == null ? !quiet : !isSurelyInPlace(won))) {
            loop.kick();
        }
    }

    private static boolean isSurelyInPlace(FileTerm won) {
        try {
            return won.isInPlace();
        } catch (IOException unsure) {
            LOG.debug("The locks of {} can't be looked at", won.seal(), unsure);
            return false;
        }
    }

    private void step() {
        if (closed.isDone()) {
            refuseRequests();
            return;
        }
        try {
            if (closing) {
                leave();
                return;
            }
            serveRequests();
            FileTerm won = term;
            if (won == null) {
                contend();
            } else if (!over) {
                watchOver(won);
            }
            backend.isWell(this);
        } catch (NoSuchFileException justRemoved) {
            LOG.debug("{} was removed during a look", election.directory(), justRemoved);
            lookAgain();
        } catch (IOException failure) {
            contest.stepBack();
            backend.hasTrouble(this, failure);
            loop.kickIn(TROUBLE);
        } catch (RuntimeException | Error failure) {
            LOG.error("A step of the candidacy in {} failed", election.directory(), failure);
            loop.kickIn(TROUBLE);
        }
    }

    // ---- waiting ----

    private void contend() throws IOException {
        quiet = false;
        backend.root().prepare();
        election.create();
        subscription.renew();
        Optional<FileTerm> won = contest.tryWin(backend.processes().own(), context.wallTime());
        if (won.isPresent()) {
            FileSeal seal = won.get().seal();
            revision = won.get().revision();
            term = won.get();
            holderWatch.close();
            candidacy.granted(Grant.of(seal.token(), seal.historyId(), context.unlimitedLease()));
        } else if (contest.hasLock()) {
            lookAgain();
        } else {
            waitForHolder();
        }
    }

    /** Somebody else has the lock. Waits to be told of a change if whoever holds it is known to live, else looks again. */
    private void waitForHolder() throws IOException {
        Optional<FileSeal> latest = election.latestSeal();
        LockFile.Seen holder = latest.isPresent() ? holderWatch.look(election, latest.get()) : LockFile.Seen.MISSING;
        switch (holder) {
            case HELD_HERE, HELD -> {
                quiet = subscription.isLive();
                wait = SOON;
            }
            case FREE, MISSING, UNCLEAR -> lookAgain();
        }
    }

    private void lookAgain() {
        loop.kickIn(wait);
        wait = wait.multipliedBy(2).compareTo(LATER) < 0 ? wait.multipliedBy(2) : LATER;
    }

    // ---- leading ----

    private void watchOver(FileTerm won) throws IOException {
        String loss = loss(won);
        if (loss != null) {
            over = true;
            candidacy.ended(Reason.REMOVED, won.lost(loss));
            return;
        }
        subscription.renew();
        candidacy.recordsSeen(election.published()
                .filter(record -> record.isOf(won.seal()))
                .map(FileRecord::records)
                .orElse(Map.of()));
    }

    /** Why the term is over though nobody here has ended it; null if it is not. Locks that can't be looked at count as lost. */
    private @Nullable String loss(FileTerm won) throws IOException {
        try {
            if (!won.isInPlace()) {
                return LOCK_REMOVED;
            }
        } catch (IOException unsure) {
            return "its lock can't be looked at: " + unsure;
        }
        try {
            election.requireLatest(won.seal());
            return null;
        } catch (LeadershipLostException superseded) {
            return superseded.getMessage();
        }
    }

    private void publish(FileTerm won, boolean held, Map<String, LeaderRecord> records) throws IOException {
        revision = Math.max(revision + 1, ChronoUnit.MICROS.between(Instant.EPOCH, context.wallTime()));
        FileSeal seal = won.seal();
        election.publish(seal, new FileRecord(seal.historyId(), seal.token(), revision, held, records));
    }

    private void serveRequests() {
        for (Request<?> next = requests.peek(); next != null; next = requests.peek()) {
            if (!serve(next)) {
                loop.kickIn(SOON);
                return;
            }
            requests.poll();
        }
    }

    /** False if the guard is held by somebody else. */
    private <T> boolean serve(Request<T> request) {
        FileTerm won = term;
        if (won == null) {
            request.result.completeExceptionally(notGranted());
            return true;
        }
        AtomicReference<T> value = new AtomicReference<>();
        try {
            if (!won.isInPlace()) {
                throw won.lost(LOCK_REMOVED);
            }
            if (!election.guarded(() -> value.set(request.act.apply(won)))) {
                if (context.nanoTime() - request.since < GUARD_PATIENCE.toNanos()) {
                    return false;
                }
                throw new IOException("a process that does not run holds the guard of " + election.directory());
            }
        } catch (NoSuchFileException removed) {
            request.result.completeExceptionally(won.lost("its directory was removed"));
            return true;
        } catch (IOException failure) {
            request.result.completeExceptionally(FileBackend.unavailable(failure));
            return true;
        } catch (RuntimeException | Error refused) {
            request.result.completeExceptionally(refused);
            return true;
        }
        request.result.complete(value.get());
        return true;
    }

    // ---- leaving ----

    private void leave() {
        refuseRequests();
        FileTerm won = term;
        if (won != null && !sayFarewell(won) && farewells++ < MOST_FAREWELLS) {
            loop.kickIn(SOON);
            return;
        }
        try {
            contest.leave();
            if (won != null) {
                won.release();
            }
        } catch (IOException left) {
            LOG.warn("A file in {} could not be removed; its lock is released", election.directory(), left);
        }
        term = null;
        subscription.close();
        holderWatch.close();
        backend.left(this);
        closed.complete(null);
        refuseRequests();
    }

    /** Withdraws the records. Not more than a courtesy: they count for nothing without the holder's lock. False if the guard is held by somebody else. */
    private boolean sayFarewell(FileTerm won) {
        try {
            return election.guarded(() -> publish(won, false, Map.of()));
        } catch (IOException | HighAvailabilityException useless) {
            LOG.debug("The records of {} stay", won.seal(), useless);
            return true;
        }
    }

    private void refuseRequests() {
        for (Request<?> next = requests.poll(); next != null; next = requests.poll()) {
            next.result.completeExceptionally(notGranted());
        }
    }

    private LeadershipLostException notGranted() {
        return new LeadershipLostException("this candidacy in " + election.directory() + " does not lead", 0, 0);
    }
}
