package dev.ha.core.store;

import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.core.store.BlobDirectory.Found;
import dev.ha.spi.SafeName;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/** Removes much at once: always entries before what they point to, fenced, and so that it can be repeated (SAFETY S8). */
final class Cleanup {
    private final StoreEnvironment environment;
    private final StateEntries states;
    private final Blobs blobs;

    Cleanup(StoreEnvironment environment, StateEntries states, Blobs blobs) {
        this.environment = environment;
        this.states = states;
        this.blobs = blobs;
    }

    /** The graph first: a job without one is not run again. Not the result, by which it is known what is still to be cleaned up. */
    CompletableFuture<Void> job(Leadership leadership, String jobId) {
        String graph = StateNames.prefix(JobGraphs.STORE) + StateNames.part("a job id", jobId);
        return states.remove(leadership, graph)
                .thenCompose(done -> states.removeAll(leadership, Checkpoints.prefixOf(jobId)))
                .thenCompose(done -> states.remove(leadership, IdCounter.entryOf(jobId)))
                .thenCompose(done -> states.removeAll(leadership, JobBlobs.prefixOf(jobId)));
    }

    /** All entries, also those of users, and what they point to. */
    CompletableFuture<Void> everything(Leadership leadership) {
        return states.removeAll(leadership, "")
                .thenCompose(done -> orphans(leadership, Duration.ZERO))
                .thenApply(removed -> null);
    }

    /** See docs/decisions/0008-stores.md for why nothing that is removed here can be named by any entry, now or later. */
    CompletableFuture<List<String>> orphans(Leadership leadership, Duration grace) {
        Instant before = environment.wallTime().minus(grace);
        String history = SafeName.encode(leadership.historyId(), BlobDirectory.LONGEST_PART);
        return states.underLeadership(
                        leadership, () -> blobs.list().thenCompose(found -> named().thenApply(named -> found.stream()
                                .filter(blob -> Blob.isOfOtherTerm(blob.name(), history, leadership.fencingToken()))
                                .filter(blob -> !named.contains(blob.name()))
                                .filter(blob -> !blob.modified().isAfter(before))
                                .toList())))
                .thenCompose(orphans -> Futures.forEach(orphans, this::delete))
                .thenApply(deleted -> deleted);
    }

    private CompletableFuture<String> delete(Found orphan) {
        return blobs.deleteOrphan(orphan).thenApply(done -> orphan.file().toString());
    }

    /** The blobs that entries name, also those whose removal has begun. */
    private CompletableFuture<Set<String>> named() {
        return states.names(StateNames.RESERVED)
                .thenCompose(names -> Futures.forEach(names, states::find))
                .thenApply(found -> {
                    Set<String> named = new HashSet<>();
                    Set<String> damaged = new HashSet<>();
                    found.stream().flatMap(Optional::stream).forEach(state -> {
                        if (state.text().isEmpty()) {
                            damaged.add(state.entry().name());
                        }
                        state.blob().map(Blob::name).ifPresent(named::add);
                    });
                    if (!damaged.isEmpty()) {
                        throw new CorruptDataException(
                                "no blob is removed while there are entries that can't be read, as they may point to any: "
                                        + damaged.stream().sorted().collect(Collectors.joining(", ")),
                                null);
                    }
                    return named;
                });
    }
}
