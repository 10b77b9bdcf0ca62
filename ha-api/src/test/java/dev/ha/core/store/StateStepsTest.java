package dev.ha.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.core.store.StoreWorld.Fault;
import dev.ha.store.Codec;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each write, with each thing that may happen to each of its requests: whatever is read then is the old value or the new one, no value is without its blob, and the write can be repeated.
 */
final class StateStepsTest {
    private static final String NAME = "state";
    private static final String OLD = "old ".repeat(StateEntries.INLINE);
    private static final String NEW = "new ".repeat(StateEntries.INLINE);
    private static final String OTHER = "other ".repeat(StateEntries.INLINE);

    private final Path storage;

    StateStepsTest(@TempDir Path storage) {
        this.storage = storage;
    }

    /** A write, and what it makes of the old value. */
    private enum Act {
        ADD(null, NEW) {
            @Override
            CompletionStage<?> on(
                    StateHandleStore<String> store, Leadership leadership, @Nullable StateHandle<String> old) {
                return store.add(leadership, NAME, NEW);
            }
        },
        REPLACE(OLD, NEW) {
            @Override
            CompletionStage<?> on(
                    StateHandleStore<String> store, Leadership leadership, @Nullable StateHandle<String> old) {
                return store.replace(leadership, Objects.requireNonNull(old), NEW);
            }
        },
        REMOVE(OLD, null) {
            @Override
            CompletionStage<?> on(
                    StateHandleStore<String> store, Leadership leadership, @Nullable StateHandle<String> old) {
                return store.remove(leadership, NAME);
            }
        };

        private final @Nullable String before;
        private final @Nullable String after;

        Act(@Nullable String before, @Nullable String after) {
            this.before = before;
            this.after = after;
        }

        abstract CompletionStage<?> on(
                StateHandleStore<String> store, Leadership leadership, @Nullable StateHandle<String> old);
    }

    /** A world in which {@code act} is to be done, by a leader that has done something before or nothing yet. */
    private final class Scene {
        private final StoreWorld world;
        private final ElectionStores stores;
        private final StateHandleStore<String> store;
        private final Leadership leadership;
        private final @Nullable StateHandle<String> old;

        Scene(Act act, boolean sealed, String directory) {
            world = new StoreWorld(storage.resolve(directory));
            StateHandleStore<String> before = world.stores().states("things", Codec.text());
            StateHandle<String> written = null;
            if (act.before != null) {
                written = join(before.add(world.lead(), NAME, act.before));
            }
            old = written;
            leadership = world.lead();
            stores = world.stores();
            store = stores.states("things", Codec.text());
            if (sealed) {
                join(store.getAll(leadership));
            }
            world.countSteps();
        }

        /** What everybody reads now, from outside. */
        Optional<String> value() {
            return join(world.stores().states("things", Codec.text()).get(NAME)).map(StateHandle::value);
        }

        void assertSound(String what) {
            assertThat(world.files()).as("%s: blobs of values are there", what).containsAll(world.named());
        }
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static @Nullable Throwable failure(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertThat(future).isDone();
        return future.handle((value, thrown) -> thrown == null ? null : Futures.unwrap(thrown))
                .join();
    }

    static Stream<Arguments> faults() {
        return Stream.of(Act.values()).flatMap(act -> Stream.of(Fault.values()).map(fault -> Arguments.of(act, fault)));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void anythingMayHappenToAnyRequest(Act act, Fault fault) {
        Scene sane = new Scene(act, false, "sane");
        join(act.on(sane.store, sane.leadership, sane.old));
        int steps = sane.world.countSteps();
        assertThat(steps).isGreaterThan(3);
        List<String> outcomes = new ArrayList<>();
        for (int at = 0; at < steps; at++) {
            String what = act + " with " + fault + " at request " + at;
            Scene scene = new Scene(act, false, fault + "-" + at);
            scene.world.failAt(at, fault);
            Throwable failure = failure(act.on(scene.store, scene.leadership, scene.old));
            scene.world.calm();
            outcomes.add(String.valueOf(failure));
            assertThat(scene.value()).as(what).isIn(Optional.ofNullable(act.before), Optional.ofNullable(act.after));
            scene.assertSound(what);
            if (failure == null) {
                assertThat(scene.value()).as(what).isEqualTo(Optional.ofNullable(act.after));
            }
            if (failure != null
                    && !(failure instanceof OutcomeUnknownException)
                    && fault != Fault.CRASH
                    && act != Act.REMOVE) {
                assertThat(scene.world.files())
                        .as("%s: no orphans after a certain failure", what)
                        .isEqualTo(scene.world.named());
            }
            // Once more, by the same leader or, when that is gone, by the next.
            Leadership next = fault == Fault.CRASH ? scene.world.lead() : scene.leadership;
            ElectionStores stores = fault == Fault.CRASH ? scene.world.stores() : scene.stores;
            StateHandleStore<String> store = stores.states("things", Codec.text());
            if (!scene.value().equals(Optional.ofNullable(act.after)) || act == Act.REMOVE) {
                join(act.on(store, next, scene.old));
            }
            assertThat(scene.value()).as("%s, repeated", what).isEqualTo(Optional.ofNullable(act.after));
            scene.assertSound(what + ", repeated");
            if (act == Act.REMOVE) {
                assertThat(scene.world.entries().keySet())
                        .as("%s, repeated", what)
                        .containsExactly(StateNames.SEAL);
            }
            // And what is left behind is found by a later leader.
            join(scene.world.stores().removeOrphans(scene.world.lead(), Duration.ZERO));
            assertThat(scene.world.files()).as("%s, cleaned up", what).isEqualTo(scene.world.named());
        }
        if (fault != Fault.APPLIED_TWICE) {
            assertThat(outcomes).as("the fault was felt").anyMatch(outcome -> !outcome.equals("null"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSuccessorMayComeBeforeAnyRequest(Act act) {
        Scene sane = new Scene(act, true, "sane");
        join(act.on(sane.store, sane.leadership, sane.old));
        int steps = sane.world.countSteps();
        for (int at = 0; at < steps; at++) {
            String what = act + ", superseded at request " + at;
            Scene scene = new Scene(act, true, "superseded-" + at);
            StoreWorld world = scene.world;
            world.interruptAt(at, () -> {
                world.calm();
                StateHandleStore<String> successor = world.stores().states("things", Codec.text());
                Leadership leadership = world.lead();
                Optional<StateHandle<String>> found = join(successor.get(leadership, NAME));
                if (found.isPresent()) {
                    join(successor.replace(leadership, found.get(), OTHER));
                } else {
                    join(successor.add(leadership, NAME, OTHER));
                }
            });
            Throwable failure = failure(act.on(scene.store, scene.leadership, scene.old));
            assertThat(scene.value()).as(what).contains(OTHER);
            scene.assertSound(what);
            if (failure != null) {
                assertThat(failure).as(what).isInstanceOf(LeadershipLostException.class);
            }
            assertThat(failure(scene.store.get(scene.leadership, NAME)))
                    .as("%s: reads as a leader", what)
                    .isInstanceOfSatisfying(LeadershipLostException.class, lost -> {
                        assertThat(lost.token()).isEqualTo(scene.leadership.fencingToken());
                        assertThat(lost.newerToken()).hasValue(scene.leadership.fencingToken() + 2);
                    });
            join(world.stores().removeOrphans(world.lead(), Duration.ZERO));
            assertThat(world.files()).as("%s, cleaned up", what).isEqualTo(world.named());
            assertThat(scene.value()).as(what).contains(OTHER);
        }
    }
}
