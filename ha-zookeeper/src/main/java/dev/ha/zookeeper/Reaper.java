package dev.ha.zookeeper;

import dev.ha.zookeeper.Paths.ElectionPaths;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Remembers the candidates that were given up and are not known to be gone, and removes them whenever it can: nobody may queue behind them (SAFETY C1). */
final class Reaper {
    private final Map<String, CandidateDriver> orphans = new ConcurrentHashMap<>();

    /** {@code candidate} was given up. */
    void add(CandidateDriver candidate) {
        orphans.put(candidate.nonce(), candidate);
    }

    /** {@code candidate} is gone. */
    void remove(CandidateDriver candidate) {
        orphans.remove(candidate.nonce());
    }

    /** A session is usable: another chance for all. */
    void sweep() {
        orphans.values().forEach(Reaper::removeAgain);
    }

    /** A list of candidates was seen. */
    void seen(ElectionPaths paths, List<CandidateName> queue) {
        if (orphans.isEmpty()) {
            return;
        }
        for (CandidateName candidate : queue) {
            CandidateDriver orphan = orphans.get(candidate.nonce());
            if (orphan != null && orphan.paths().equals(paths)) {
                removeAgain(orphan);
            }
        }
    }

    private static void removeAgain(CandidateDriver orphan) {
        CompletableFuture<Void> unused = orphan.remove();
    }
}
