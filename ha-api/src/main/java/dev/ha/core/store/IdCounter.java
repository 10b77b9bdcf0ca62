package dev.ha.core.store;

import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.core.store.StateEntries.Condition;
import dev.ha.store.CheckpointIdCounter;
import dev.ha.store.JobStatus;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongUnaryOperator;
import java.util.function.Supplier;

/** The counter of one job: a state with the next id, replaced under the condition that it is the one that was read. */
final class IdCounter implements CheckpointIdCounter {
    static final String STORE = "checkpoint-ids";
    private static final long FIRST = 1;

    private final StoreEnvironment environment;
    private final StateEntries states;
    private final String jobId;
    private final String entry;
    private CompletableFuture<?> last = Futures.done(); // guarded by this: those before must not be met as conflicts

    IdCounter(StoreEnvironment environment, StateEntries states, String jobId) {
        this.environment = environment;
        this.states = states;
        this.jobId = jobId;
        this.entry = entryOf(jobId);
    }

    static String entryOf(String jobId) {
        return StateNames.prefix(STORE) + StateNames.part("a job id", jobId);
    }

    @Override
    public String jobId() {
        return jobId;
    }

    @Override
    public CompletionStage<Long> get() {
        return environment.user(states.find(entry).thenApply(this::next));
    }

    @Override
    public CompletionStage<Long> getAndIncrement(Leadership leadership) {
        environment.check(leadership);
        return environment.user(inTurn(() -> update(leadership, next -> Math.addExact(next, 1))));
    }

    @Override
    public CompletionStage<Void> advanceTo(Leadership leadership, long next) {
        environment.check(leadership);
        return environment.user(inTurn(
                () -> update(leadership, present -> Math.max(present, next)).thenApply(before -> null)));
    }

    @Override
    public CompletionStage<Void> shutdown(Leadership leadership, JobStatus status) {
        if (!status.isGloballyTerminal()) {
            return environment.user(Futures.done());
        }
        environment.check(leadership);
        return environment.user(inTurn(() -> states.remove(leadership, entry)));
    }

    private synchronized <T> CompletableFuture<T> inTurn(Supplier<CompletableFuture<T>> act) {
        CompletableFuture<T> own = last.handle((done, failure) -> null).thenCompose(before -> Futures.of(act));
        last = own;
        return own;
    }

    /** Gives the id before the change. */
    private CompletableFuture<Long> update(Leadership leadership, LongUnaryOperator change) {
        return states.find(entry).thenCompose(found -> {
            long before = next(found);
            long after = change.applyAsLong(before);
            if (after == before) {
                return states.underLeadership(leadership, () -> CompletableFuture.completedFuture(before));
            }
            StateEntries.Content content = states.of(entry, Long.toString(after).getBytes(StandardCharsets.US_ASCII));
            Condition unchanged = found.filter(State::isLive)
                    .map(state -> Condition.version(state.entry().version()))
                    .orElse(Condition.ABSENT);
            return states.write(leadership, entry, content, unchanged)
                    .thenApply(written -> before)
                    .exceptionallyCompose(failure -> Futures.unwrap(failure) instanceof ConflictException
                            ? update(leadership, change) // another counter object was faster
                            : CompletableFuture.failedFuture(failure));
        });
    }

    private long next(Optional<State> found) {
        if (found.filter(State::isLive).isEmpty()) {
            return FIRST;
        }
        String text = new String(found.get().require().value(), StandardCharsets.US_ASCII);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException notOurs) {
            throw new CorruptDataException("entry " + entry + " is no counter: '" + text + "'", notOurs);
        }
    }
}
