package dev.ha.standalone;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How one candidate gets from the queue to a win, in the steps of docs/decisions/0002-file-lock-protocol.md. Not thread-safe; waits for nothing: what is held by
 * somebody else is tried again by the next call.
 */
final class FileContest {
    /** So often the guard may be in other hands; nobody needs it for that long who is still to lead. */
    private static final int GUARD_PATIENCE = 10;

    private final FileElection election;
    private @Nullable LockFile lock;
    private int guardMissed;
    private Optional<FileTerm> won = Optional.empty();

    FileContest(FileElection election) {
        this.election = election;
    }

    /** Whether the election's lock is held, if not yet all that a win takes. */
    boolean hasLock() {
        return lock != null;
    }

    /**
     * Tries to win; not called again after it has.
     *
     * @param process name of the file of this process
     * @return empty if somebody else holds what it takes
     */
    Optional<FileTerm> tryWin(String process, Instant now) throws IOException {
        if (lock != null && !lock.isInPlace()) {
            stepBack();
        }
        if (lock == null) {
            lock = LockFile.hold(election.lock()).orElse(null);
        }
        LockFile own = lock;
        if (own == null) {
            return Optional.empty();
        }
        Map<Long, LockFile> predecessors = new HashMap<>();
        try {
            if (!lockPredecessors(predecessors)) {
                return Optional.empty();
            }
            if (!election.guarded(() -> won = win(own, predecessors, process, now))) {
                if (++guardMissed >= GUARD_PATIENCE) {
                    election.breakGuard();
                }
            } else if (won.isPresent()) {
                lock = null; // it is the term's now
            }
            return won;
        } finally {
            predecessors.values().forEach(LockFile::close);
        }
    }

    /**
     * Takes the lock of every holder file there is, so that nobody who won before still holds his. Looks again when all are locked, as another one may have won
     * meanwhile, by a lock file that was removed since (SAFETY F2).
     */
    private boolean lockPredecessors(Map<Long, LockFile> locked) throws IOException {
        List<Long> left = new ArrayList<>();
        for (boolean more = true; more; ) {
            more = false;
            for (Long token : election.holders()) {
                if (locked.containsKey(token) || left.contains(token)) {
                    continue;
                }
                more = true;
                try {
                    Optional<LockFile> inherited = LockFile.inherit(election.holder(token));
                    if (inherited.isEmpty()) {
                        return false;
                    }
                    locked.put(token, inherited.get());
                } catch (NoSuchFileException justNow) {
                    left.add(token);
                }
            }
        }
        return true;
    }

    private Optional<FileTerm> win(LockFile own, Map<Long, LockFile> predecessors, String process, Instant now)
            throws IOException {
        FileSeal seal = nextSeal(predecessors, process, now);
        Optional<LockFile> held = LockFile.hold(election.holder(seal.token()));
        if (held.isEmpty()) {
            return Optional.empty();
        }
        boolean complete = false;
        try {
            election.seal(seal);
            // Read now, as a predecessor may have published until it was sealed out.
            long published = election.published().map(FileRecord::revision).orElse(0L);
            FileTerm term = new FileTerm(seal, own, held.get(), Math.max(seal.revision(), published) + 1);
            election.begin(new FileRecord(seal.historyId(), seal.token(), term.revision(), true, Map.of()));
            for (LockFile predecessor : predecessors.values()) {
                predecessor.remove();
            }
            complete = term.isInPlace();
            return complete ? Optional.of(term) : Optional.empty();
        } finally {
            if (!complete) {
                held.get().remove();
            }
        }
    }

    /** Larger than all there was, also where the former seal has been removed: by the clock then (SAFETY F3). */
    private FileSeal nextSeal(Map<Long, LockFile> predecessors, String process, Instant now) throws IOException {
        Optional<FileSeal> last = election.latestSeal();
        Optional<FileRecord> record = election.published();
        long clock = ChronoUnit.MICROS.between(Instant.EPOCH, now);
        long lastToken = Math.max(
                last.map(FileSeal::token).orElse(0L),
                predecessors.isEmpty() ? 0 : Collections.max(predecessors.keySet()));
        long lastRevision = Math.max(
                last.map(FileSeal::revision).orElse(0L),
                record.map(FileRecord::revision).orElse(0L));
        return new FileSeal(
                last.map(FileSeal::historyId).orElseGet(() -> UUID.randomUUID().toString()),
                Math.max(clock, lastToken + 1),
                process,
                Math.max(clock, lastRevision + 1));
    }

    /** Lets others try, who look again by themselves: called after an error, which may be this process's alone. */
    void stepBack() {
        if (lock != null) {
            lock.close();
            lock = null;
        }
    }

    /** Gives up what it holds, if it has not become a term's, and wakes the others. */
    void leave() throws IOException {
        if (lock != null) {
            stepBack();
            election.wake();
        }
    }
}
