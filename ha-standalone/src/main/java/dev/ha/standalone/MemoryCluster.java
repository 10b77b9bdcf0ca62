package dev.ha.standalone;

import dev.ha.HighAvailabilityException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The elections of one cluster in memory. Each is locked by itself, for as long as a map operation takes; reports are run when it is free again. An
 * election that nobody takes part in and that holds no entries is forgotten.
 */
final class MemoryCluster {
    /**
     * Tokens, revisions and versions of all clusters: microseconds since 1970, or one more than the last. So they rise for an election that was forgotten too,
     * and from one run of a program to the next if its clock is right.
     */
    private static final AtomicLong SEQUENCE = new AtomicLong();

    private final ConcurrentHashMap<String, MemoryElection> elections = new ConcurrentHashMap<>();
    private final String historyId;

    /** {@code historyId} holds for all its elections: nothing wipes one of them alone. */
    MemoryCluster(String historyId) {
        this.historyId = historyId;
    }

    String historyId() {
        return historyId;
    }

    static long next(Instant wallTime) {
        long micros = ChronoUnit.MICROS.between(Instant.EPOCH, wallTime);
        return SEQUENCE.updateAndGet(last -> Math.max(last + 1, micros));
    }

    /** One more than the last, for what nobody outside this JVM compares. */
    static long next() {
        return SEQUENCE.incrementAndGet();
    }

    /** Done when it returns, as far as this cluster goes; fails with what {@code work} refuses, which must have changed nothing then. */
    <T> CompletionStage<T> ask(String election, Function<MemoryElection, T> work) {
        return change(election, (memory, reports) -> work.apply(memory));
    }

    /** As {@link #ask}; runs the reports that {@code work} has added to the list when the election is free again. */
    <T> CompletionStage<T> change(String election, BiFunction<MemoryElection, List<Runnable>, T> work) {
        List<Runnable> reports = new ArrayList<>();
        CompletableFuture<T> answer = new CompletableFuture<>();
        elections.compute(election, (name, known) -> {
            MemoryElection memory = known == null ? new MemoryElection(historyId) : known;
            try {
                answer.complete(work.apply(memory, reports));
            } catch (HighAvailabilityException refused) {
                answer.completeExceptionally(refused);
            }
            return memory.isForgettable() ? null : memory;
        });
        reports.forEach(Runnable::run);
        return answer;
    }

    /** As {@link #change}, without an answer. */
    CompletionStage<Void> tell(String election, BiConsumer<MemoryElection, List<Runnable>> work) {
        return change(election, (memory, reports) -> {
            work.accept(memory, reports);
            return null;
        });
    }
}
