package dev.ha.standalone;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.standalone.LockFile.Seen;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One watch of an election. A record counts only while the holder it belongs to has its lock, which is found out without touching the election's own lock. */
final class FileFollowing implements LeaderRetrievalDriver, FileDriver {
    private static final Logger LOG = LoggerFactory.getLogger(FileFollowing.class);
    private static final Duration REMOVED = Duration.ofMillis(20);
    private static final Duration TROUBLE = Duration.ofMillis(500);
    /** Looks at one lock from one JVM meet now and then, each for microseconds. */
    private static final int MOST_LOOKS = 1000;

    private static final long LOOK_AGAIN_NANOS = 10_000;
    /** Written, record gone, holder gone. */
    private static final int STEPS = 3;

    private final FileBackend backend;
    private final BackendContext context;
    private final Following following;
    private final FileElection election;
    private final Loop loop;
    private final DirectoryWatch.Subscription subscription;
    private final HolderWatch holderWatch;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile boolean closing;
    /** Nothing to look after until somebody tells of a change. */
    private volatile boolean quiet;
    /** The next look is not content with a process that lives. */
    private volatile boolean asksTheLock;
    /** Touched by the loop only; null before the first report and after trouble. */
    private @Nullable ElectionState told;

    private boolean troubled;

    /** Guarded by this object: of the latest record that was read, by the loop or by {@link #read}. */
    private String knownHistory = "";

    private long knownRevision;
    /** A grant whose holder was seen to be gone: for good, whatever a look by other means says. */
    private @Nullable FileSeal gone;

    FileFollowing(FileBackend backend, Following following) {
        this.backend = backend;
        this.context = backend.context();
        this.following = following;
        this.election = backend.root().election(following.election());
        this.loop = new Loop(context, this::step);
        this.subscription = backend.directoryWatch().subscribe(election.directory(), loop::kick);
        this.holderWatch = new HolderWatch(backend.processes(), loop::kick);
    }

    @Override
    public void begin() {
        loop.kick();
    }

    @Override
    public CompletionStage<ElectionState> read() {
        return backend.reading(() -> {
            Optional<FileRecord> record = election.published();
            Optional<FileSeal> seal = election.latestSeal();
            return state(seal, record, seal.isPresent() && isHeld(seal.get()));
        });
    }

    @Override
    public CompletionStage<Void> close() {
        closing = true;
        loop.kick();
        return closed;
    }

    @Override
    public void tick(boolean thorough) {
        if (thorough) {
            asksTheLock = true;
        }
        if (thorough || !quiet) {
            loop.kick();
        }
    }

    private void step() {
        if (closing) {
            subscription.close();
            holderWatch.close();
            backend.left(this);
            closed.complete(null);
            return;
        }
        try {
            quiet = false;
            backend.root().prepare();
            election.create();
            subscription.renew();
            tell(look());
            troubled = false;
            backend.isWell(this);
        } catch (NoSuchFileException justRemoved) {
            LOG.debug("{} was removed during a look", election.directory(), justRemoved);
            loop.kickIn(REMOVED);
        } catch (IOException failure) {
            if (!troubled) {
                told = null;
                troubled = true;
                UnavailableException trouble = FileBackend.unavailable(failure);
                following.unknown(trouble.reason(), trouble);
            }
            backend.hasTrouble(this, failure);
            loop.kickIn(TROUBLE);
        } catch (RuntimeException | Error failure) {
            LOG.error("A look at {} failed", election.directory(), failure);
            loop.kickIn(TROUBLE);
        }
    }

    private void tell(ElectionState state) {
        ElectionState last = told;
        if (last == null || !isSame(state, last)) {
            told = state;
            following.seen(state);
        }
    }

    private static boolean isSame(ElectionState state, ElectionState other) {
        return state.historyId().equals(other.historyId())
                && state.revision() == other.revision()
                && state.holderToken() == other.holderToken()
                && state.records().equals(other.records());
    }

    /** The record is read first: if the seal read after it is of the same grant, both were true when the record was read. */
    private ElectionState look() throws IOException {
        Optional<FileRecord> record = election.published();
        Optional<FileSeal> seal = election.latestSeal();
        boolean held = false;
        if (seal.isPresent()) {
            Seen seen = holderWatch.look(election, seal.get());
            quiet = subscription.isLive() && seen != Seen.UNCLEAR;
            boolean unsure = seen == Seen.UNCLEAR || (seen == Seen.HELD && asksTheLock);
            asksTheLock = false;
            held = unsure ? isHeld(seal.get()) : seen == Seen.HELD || seen == Seen.HELD_HERE;
        } else {
            quiet = subscription.isLive();
        }
        return state(seal, record, held);
    }

    /** Asks the lock itself. */
    private boolean isHeld(FileSeal seal) throws IOException {
        for (int i = 0; i < MOST_LOOKS; i++) {
            switch (LockFile.look(election.holder(seal.token()))) {
                case HELD_HERE, HELD -> {
                    return true;
                }
                case FREE, MISSING -> {
                    return false;
                }
                case UNCLEAR -> LockSupport.parkNanos(LOOK_AGAIN_NANOS);
            }
        }
        return true;
    }

    /**
     * The state that was seen. Nobody writes a new revision when a holder dies or a record is removed, so these count as steps between two revisions: of two
     * looks the larger one is the later.
     */
    private synchronized ElectionState state(Optional<FileSeal> latest, Optional<FileRecord> record, boolean seenHeld) {
        if (latest.isEmpty()) {
            return new ElectionState("", 0, 0, Map.of(), knownHistory.isEmpty() ? Reason.INITIAL : Reason.REMOVED);
        }
        FileSeal seal = latest.get();
        boolean held = seenHeld && (gone == null || !gone.isSameGrant(seal));
        if (!held) {
            gone = seal;
        }
        if (!seal.historyId().equals(knownHistory)) {
            knownHistory = seal.historyId();
            knownRevision = 0;
        }
        Optional<FileRecord> current = record.filter(each -> each.isOf(seal));
        knownRevision =
                Math.max(knownRevision, current.map(FileRecord::revision).orElse(seal.revision()));
        Map<String, LeaderRecord> records = current.map(FileRecord::records).orElse(Map.of());
        if (current.isPresent() && !current.get().held()) {
            return state(seal, current.get().revision(), 0, 0, Map.of(), Reason.RESIGNED);
        }
        if (!held) {
            long revision = current.map(FileRecord::revision).orElse(knownRevision);
            return state(seal, revision, 2, 0, Map.of(), Reason.VANISHED);
        }
        if (current.isEmpty()) {
            return state(seal, knownRevision, 1, seal.token(), Map.of(), Reason.REMOVED);
        }
        Reason reason = records.isEmpty() ? Reason.SUPERSEDED : Reason.CONFIRMED;
        return state(seal, current.get().revision(), 0, seal.token(), records, reason);
    }

    private static ElectionState state(
            FileSeal seal, long revision, int step, long token, Map<String, LeaderRecord> records, Reason reason) {
        return new ElectionState(seal.historyId(), revision * STEPS + step, token, records, reason);
    }
}
