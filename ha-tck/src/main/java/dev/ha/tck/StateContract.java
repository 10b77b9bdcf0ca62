package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Expect.lazily;

import dev.ha.ConfigurationException;
import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.store.Codec;
import dev.ha.store.JobGraphStore;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import dev.ha.tck.Scenario.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 6 of the specification: states of any size, in entries and in blobs. */
abstract class StateContract extends StoreGroup {
    StateContract(BackendContract contract) {
        super(contract);
    }

    // ---- 6.11

    @Test
    @Rule("6.11")
    @DisplayName("States of every size are read as they were written, by another process, in the entry or in a blob")
    final void sizes() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        StateHandleStore<byte[]> written = stores(node).states("sizes", Codec.bytes());
        StateHandleStore<byte[]> seen = stores(node("b")).states("sizes", Codec.bytes());
        for (int length : new int[] {0, 1, 1000, 32 * 1024, 32 * 1024 + 1, 65_536, 1_500_000}) {
            done(
                    written.add(leadership, "of " + length, random(length)),
                    "a state of " + length + " bytes can be added");
            Optional<StateHandle<byte[]>> read = done(seen.get("of " + length), "it can be read");
            expect().that(
                            read.filter(state -> Arrays.equals(state.value(), random(length)))
                                    .isPresent(),
                            "the same " + length + " bytes",
                            lazily(() -> read.map(state -> state.value().length + " bytes")),
                            ENGINE);
        }
        byte[] stream = random(3_000_000);
        done(stores(node).blobs().put(leadership, "job", "key", stream(stream)), "a stream can be put");
        expect().that(
                        Arrays.equals(read(stores(node), "job", "key"), stream),
                        "the same bytes as were put",
                        "others",
                        ENGINE);
    }

    @Test
    @Rule("6.11")
    @DisplayName("What needs a blob is refused at once where there can be none, with the key that is missing")
    final void noStorage() {
        needs(ELECTIONS);
        Node node =
                scenario().nodeWith("a").without("high-availability.storageDir").open();
        Leadership leadership = node.contend().leadership();
        StateHandleStore<byte[]> states = stores(node).states("sizes", Codec.bytes());
        done(states.add(leadership, "fits", random(400_000)), "what fits into an entry can be added");
        ConfigurationException refused = expect().thrown(
                        ConfigurationException.class,
                        () -> states.add(leadership, "large", random(600_000)),
                        "what does not fit is refused",
                        ENGINE);
        expect().that(
                        String.valueOf(refused.getMessage()).contains("high-availability.storageDir"),
                        "a message that names the key",
                        refused,
                        ENGINE);
    }

    // ---- 6.14

    @Test
    @Rule("6.14")
    @DisplayName("A removal leaves neither entry nor blob, is done when there is nothing, and can be repeated")
    final void removal() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        StateHandleStore<byte[]> states = stores(node).states("states", Codec.bytes());
        for (int length : new int[] {10, LARGE}) {
            done(states.remove(leadership, "state"), "removal of nothing is done");
            done(states.add(leadership, "state", random(length)), "a state can be added");
            done(states.remove(leadership, "state"), "a state can be removed");
            done(states.remove(leadership, "state"), "removal can be repeated");
            expect().that(
                            done(states.get("state"), "get() completes").isEmpty()
                                    && done(states.names(), "names() completes").isEmpty(),
                            "no state after its removal",
                            lazily(this::raw),
                            ENGINE);
            expect().that(blobFiles().isEmpty(), "no file after the removal", lazily(this::blobFiles), ENGINE);
            done(states.add(leadership, "state", random(length)), "it can be added again");
            done(states.clear(leadership), "all can be removed");
        }
        expect().that(blobFiles().isEmpty(), "no file after clear()", lazily(this::blobFiles), ENGINE);
    }

    @Test
    @Rule("6.14")
    @DisplayName(
            "A value that is replaced leaves no file, and a replacement that is refused leaves the old value whole")
    final void replacement() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        StateHandleStore<byte[]> states = stores(node).states("states", Codec.bytes());
        StateHandle<byte[]> first = done(states.add(leadership, "state", random(LARGE)), "a state can be added");
        done(states.replace(leadership, first, random(LARGE + 1)), "a state can be replaced");
        expect().fails(
                        states.replace(leadership, first, random(LARGE + 2)),
                        ConflictException.class,
                        "replacement of what was replaced is a conflict",
                        ENGINE);
        expect().fails(
                        states.add(leadership, "state", random(LARGE + 3)),
                        ConflictException.class,
                        "addition of what is there is a conflict",
                        ENGINE);
        expect().that(
                        done(states.get("state"), "get() completes")
                                .filter(state -> Arrays.equals(state.value(), random(LARGE + 1)))
                                .isPresent(),
                        "the value of the replacement that succeeded",
                        lazily(this::raw),
                        ENGINE);
        expect().that(blobFiles().size() == 1, "one file for one value", lazily(this::blobFiles), ENGINE);
    }

    // ---- 6.15

    @Test
    @Rule("6.15")
    @DisplayName("A damaged or missing blob is told by name, hides no other state, and can be removed or overwritten")
    final void damage() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        JobGraphStore graphs = stores(node).jobGraphs();
        done(graphs.put(leadership, "damaged", random(LARGE)), "a graph can be put");
        damage(blobFiles().get(0), Arrays.copyOf(random(LARGE), 500));
        Set<Path> damaged = new HashSet<>(blobFiles());
        done(graphs.put(leadership, "missing", random(LARGE)), "a graph can be put");
        blobFiles().stream().filter(file -> !damaged.contains(file)).forEach(StateContract::delete);
        done(graphs.put(leadership, "sound", random(LARGE)), "a graph can be put");
        RecoveredStates<byte[]> found = done(graphs.recoverAll(leadership), "a leader recovers what it can");
        expect().that(
                        found.states().keySet().equals(Set.of("sound")),
                        "the sound graph",
                        lazily(() -> found.states().keySet()),
                        ENGINE);
        expect().that(
                        found.corrupt().keySet().equals(Set.of("damaged", "missing")),
                        "the two others told as corrupt",
                        lazily(found::corrupt),
                        ENGINE);
        expect().fails(graphs.get("damaged"), CorruptDataException.class, "a damaged graph is told", ENGINE);
        done(graphs.remove(leadership, "damaged"), "a damaged graph can be removed");
        done(graphs.put(leadership, "missing", random(5)), "a missing one can be overwritten");
        RecoveredStates<byte[]> after = done(graphs.recoverAll(leadership), "a leader recovers");
        expect().that(
                        after.corrupt().isEmpty() && after.states().keySet().equals(Set.of("sound", "missing")),
                        "two sound graphs",
                        after,
                        ENGINE);
    }

    private static void damage(Path file, byte[] content) {
        try {
            Files.write(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
