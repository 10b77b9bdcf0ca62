package dev.ha.tck;

import dev.ha.HighAvailabilityServices;
import dev.ha.Leadership;
import dev.ha.store.CheckpointIdCounter;
import dev.ha.store.Codec;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobGraphListener;
import dev.ha.store.JobGraphStore;
import dev.ha.store.JobResult;
import dev.ha.store.JobResultStore;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandleStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** All stores in this file are wrong. */
final class WrongStores {
    private static final int LONGEST = 65_536;

    private WrongStores() {}

    /** Services whose stores have another result for one method. */
    private static HighAvailabilityServices stores(
            HighAvailabilityServices right,
            String name,
            Function<HighAvailabilityStores, Function<@Nullable Object[], @Nullable Object>> instead) {
        return WrongServices.wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) -> method.getName().equals("stores")
                        ? () -> method(HighAvailabilityStores.class, right.stores((String) args[0]), name, instead)
                        : null);
    }

    /** {@code right} with another result for one method. */
    private static <T> T method(
            Class<T> type, T right, String name, Function<T, Function<@Nullable Object[], @Nullable Object>> instead) {
        return WrongServices.wrap(
                type,
                right,
                (method, args) -> method.getName().equals(name)
                        ? () -> instead.apply(right).apply(args)
                        : null);
    }

    private static <T> CompletionStage<T> replaced(CompletionStage<T> stage, UnaryOperator<T> change) {
        return stage.thenApply(change);
    }

    /** Rule 6.11: large values are cut. */
    @SuppressWarnings("unchecked") // of what the proxy was called with
    static HighAvailabilityServices cutsLargeStates(HighAvailabilityServices services) {
        return stores(
                services, "states", right -> args -> right.states((String) args[0], cutting((Codec<Object>) args[1])));
    }

    private static <T> Codec<T> cutting(Codec<T> right) {
        return new Codec<>() {
            @Override
            public byte[] encode(T value) {
                byte[] bytes = right.encode(value);
                return Arrays.copyOf(bytes, Math.min(bytes.length, LONGEST));
            }

            @Override
            public T decode(byte[] bytes) throws Exception {
                return right.decode(bytes);
            }
        };
    }

    /** Rule 6.13: who can't recover starts with nothing. */
    static HighAvailabilityServices recoversNothing(HighAvailabilityServices services) {
        return stores(
                services,
                "jobGraphs",
                right -> unused -> method(
                        JobGraphStore.class,
                        right.jobGraphs(),
                        "recoverAll",
                        graphs -> args -> graphs.recoverAll((Leadership) args[0])
                                .exceptionally(failed -> new RecoveredStates<>(new TreeMap<>(), new TreeMap<>()))));
    }

    /** Rule 6.14: removes nothing. */
    @SuppressWarnings("unchecked") // of what the proxy was called with
    static HighAvailabilityServices removesNothing(HighAvailabilityServices services) {
        return stores(
                services,
                "states",
                right -> outer -> method(
                        StateHandleStore.class,
                        right.states((String) outer[0], (Codec<Object>) outer[1]),
                        "remove",
                        states -> args -> CompletableFuture.completedStage(null)));
    }

    /** Rule 6.15: what can't be read is passed over. */
    static HighAvailabilityServices hidesDamage(HighAvailabilityServices services) {
        return stores(
                services,
                "jobGraphs",
                right -> unused -> method(
                        JobGraphStore.class,
                        right.jobGraphs(),
                        "recoverAll",
                        graphs -> args -> replaced(
                                graphs.recoverAll((Leadership) args[0]),
                                found -> new RecoveredStates<>(found.states(), new TreeMap<>()))));
    }

    /** Rule 6.16: keeps one checkpoint more than asked for. */
    @SuppressWarnings("unchecked") // of what the proxy was called with
    static HighAvailabilityServices keepsOneMore(HighAvailabilityServices services) {
        return stores(
                services,
                "checkpoints",
                right -> args -> right.checkpoints((String) args[0], (Integer) args[1] + 1, (Codec<Object>) args[2]));
    }

    /** Rule 6.17: counts in memory. */
    static HighAvailabilityServices countsInMemory(HighAvailabilityServices services) {
        return stores(services, "checkpointIds", right -> outer -> {
            AtomicLong next = new AtomicLong(1);
            return method(
                    CheckpointIdCounter.class,
                    right.checkpointIds((String) outer[0]),
                    "getAndIncrement",
                    counter -> args -> CompletableFuture.completedStage(next.getAndIncrement()));
        });
    }

    /** Rule 6.18: a second result is as good as the first. */
    static HighAvailabilityServices takesEveryResult(HighAvailabilityServices services) {
        return stores(
                services,
                "jobResults",
                right -> unused -> method(
                        JobResultStore.class,
                        right.jobResults(),
                        "createDirty",
                        results -> args -> results.createDirty((Leadership) args[0], (JobResult) args[1])
                                .exceptionally(known -> null)));
    }

    /** Rule 6.19: tells of what is added only. */
    static HighAvailabilityServices tellsOfAdditionsOnly(HighAvailabilityServices services) {
        return stores(
                services,
                "jobGraphs",
                right -> unused -> method(
                        JobGraphStore.class,
                        right.jobGraphs(),
                        "watch",
                        graphs -> args -> graphs.watch((Duration) args[0], additionsFor((JobGraphListener) args[1]))));
    }

    private static JobGraphListener additionsFor(JobGraphListener right) {
        return new JobGraphListener() {
            @Override
            public void onAdded(String jobId) {
                right.onAdded(jobId);
            }

            @Override
            public void onRemoved(String jobId) {}
        };
    }

    /** Rule 6.20: cleans up all jobs. */
    static HighAvailabilityServices cleansUpEverything(HighAvailabilityServices services) {
        return stores(services, "globalCleanup", right -> args -> right.deleteAll((Leadership) args[0]));
    }

    /** Rule 7.4: deletes nothing. */
    static HighAvailabilityServices deletesNothing(HighAvailabilityServices services) {
        return stores(services, "deleteAll", right -> args -> CompletableFuture.completedStage(null));
    }
}
