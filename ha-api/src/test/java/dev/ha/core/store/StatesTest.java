package dev.ha.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConfigurationException;
import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.store.Codec;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** States without faults: sizes, names, conditions, damage. */
final class StatesTest {
    private final StoreWorld world;
    private final ElectionStores stores;
    private final StateHandleStore<byte[]> states;
    private final Leadership leadership;

    StatesTest(@TempDir Path storage) {
        world = new StoreWorld(storage);
        stores = world.stores();
        states = stores.states("things", Codec.bytes());
        leadership = world.lead();
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static AbstractThrowableAssert<?, ?> assertFailure(CompletionStage<?> stage) {
        return assertThat(stage.toCompletableFuture()
                .<Throwable>handle((value, failure) ->
                        failure == null ? new AssertionError("done: " + value) : Futures.unwrap(failure))
                .join());
    }

    private byte[] value(String name) {
        return join(states.get(name)).orElseThrow().value();
    }

    @Test
    void smallValuesStandInTheEntryAndLargeOnesInABlob() {
        for (int length : new int[] {0, 1, StateEntries.INLINE, StateEntries.INLINE + 1, EntryStore.MAX_VALUE * 3}) {
            byte[] value = new byte[length];
            Arrays.fill(value, (byte) length);
            int files = world.files().size();
            join(states.add(leadership, "v" + length, value));
            assertThat(value("v" + length)).isEqualTo(value);
            assertThat(world.files()).hasSize(length > StateEntries.INLINE ? files + 1 : files);
        }
        assertThat(world.entries().values()).allSatisfy(entry -> assertThat(entry.value().length)
                .isLessThanOrEqualTo(StateEntries.INLINE + StateText.LONGEST_LINE));
    }

    @Test
    void withoutStorageAsMuchAsAnEntryTakesAndNoMore() {
        StateHandleStore<byte[]> inline = world.storesWithoutStorage().states("things", Codec.bytes());
        byte[] largest = new byte[EntryStore.MAX_VALUE - StateText.LONGEST_LINE];
        join(inline.add(leadership, "largest", largest));
        assertThat(value("largest")).isEqualTo(largest);
        assertThat(world.entries().values())
                .allSatisfy(entry -> assertThat(entry.value().length).isLessThanOrEqualTo(EntryStore.MAX_VALUE));
        assertThatThrownBy(() -> inline.add(leadership, "larger", new byte[largest.length + 1]))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "high-availability.storageDir is missing",
                        ".ha/states/things/larger",
                        "docs/errors.md#missing-key");
        join(states.add(leadership, "blob", new byte[StateEntries.INLINE + 1]));
        assertFailure(inline.get("blob")).isInstanceOf(ConfigurationException.class);
        assertFailure(inline.remove(leadership, "blob")).isInstanceOf(ConfigurationException.class);
        assertThat(join(states.exists("blob")))
                .as("nothing was begun that can't be completed")
                .isTrue();
        join(states.remove(leadership, "blob"));
        assertThat(world.files()).isEmpty();
    }

    /** Who has filled the backend to the last byte can still remove. */
    @Test
    void aRemovalMarkIsNoLongerThanThePointer() {
        join(states.add(leadership, "blob", new byte[100_000]));
        Entry pointer = world.entry(".ha/states/things/blob");
        StateText mark = StateText.read(pointer.name(), pointer.value()).marked();
        assertThat(mark.bytes()).hasSizeLessThanOrEqualTo(pointer.value().length);
    }

    @Test
    void aTextThatWouldBeReadAsAnotherIsRefused() {
        StateHandleStore<String> texts = stores.states("texts", Codec.text());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> texts.add(leadership, "half", "\ud83d"))
                .withMessageContaining("half a character");
        assertThat(join(texts.names())).isEmpty();
    }

    @Test
    void conditionsHold() {
        StateHandle<byte[]> first = join(states.add(leadership, "a", new byte[] {1}));
        assertFailure(states.add(leadership, "a", new byte[100_000])).isInstanceOf(ConflictException.class);
        assertThat(value("a")).containsExactly(1);
        StateHandle<byte[]> second = join(states.replace(leadership, first, new byte[100_000]));
        assertFailure(states.replace(leadership, first, new byte[200_000])).isInstanceOf(ConflictException.class);
        assertThat(value("a")).hasSize(100_000);
        assertThat(world.files()).isEqualTo(world.named()).hasSize(1);
        join(states.remove(leadership, "a"));
        join(states.remove(leadership, "a"));
        assertFailure(states.replace(leadership, second, new byte[] {3})).isInstanceOf(ConflictException.class);
        assertThat(join(states.exists("a"))).isFalse();
        assertThat(join(states.get("a"))).isEmpty();
        assertThat(world.files()).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> stores.states("others", Codec.bytes()).replace(leadership, second, new byte[0]))
                .withMessageContaining("another store");
    }

    @Test
    void namesStayApart() {
        List<String> names =
                List.of("a", "a/b", "a%2Fb", "a%b", "%", "/", "..", " ", "\u00e4\ud83d\ude00", "x".repeat(90));
        names.forEach(name -> join(states.add(leadership, name, name.getBytes(StandardCharsets.UTF_8))));
        StateHandleStore<byte[]> other = stores.states("things/a", Codec.bytes());
        join(other.add(leadership, "b", new byte[] {7}));
        assertThat(join(states.names())).isEqualTo(new HashSet<>(names));
        names.forEach(name ->
                assertThat(new String(value(name), StandardCharsets.UTF_8)).isEqualTo(name));
        assertThat(join(states.getAll(leadership)).states()).containsOnlyKeys(names);
        assertThat(join(other.names())).containsExactly("b");
        join(states.clear(leadership));
        assertThat(join(states.names())).isEmpty();
        assertThat(join(other.names())).containsExactly("b");
        for (String wrong : List.of("", "x".repeat(91), "/".repeat(31), "\ud83d", "a\ude00")) {
            assertThatIllegalArgumentException().isThrownBy(() -> states.add(leadership, wrong, new byte[0]));
            assertThatIllegalArgumentException().isThrownBy(() -> states.get(wrong));
        }
        assertThat(world.entries().keySet()).allSatisfy(name -> assertThat(name).hasSizeLessThanOrEqualTo(200));
    }

    @Test
    void usersDoNotWriteWhatStoresWrite() {
        EntryStore entries = stores.entries();
        join(states.add(leadership, "a", new byte[1]));
        assertThat(join(entries.names(""))).contains(".ha/states/things/a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> entries.create(leadership, ".ha/x", new byte[0]))
                .withMessageContaining("belongs to a store");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> entries.delete(
                        leadership, join(entries.get(".ha/states/things/a")).orElseThrow()));
        join(entries.create(leadership, ".hat", new byte[] {1}));
        assertThat(join(entries.get(".hat"))).isPresent();
    }

    @Test
    void damageIsToldAndHidesNothing() throws IOException {
        for (String name : List.of("good", "missing", "cut", "entry", "version")) {
            join(states.add(leadership, name, new byte[50_000]));
        }
        String entry = ".ha/states/things/";
        Files.delete(world.directory().resolve(blobOf("missing")));
        Path cut = world.directory().resolve(blobOf("cut"));
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 1000));
        world.damage(entry + "entry", "rubbish".getBytes(StandardCharsets.UTF_8));
        world.damage(entry + "version", "{\"v\":2,\"kind\":\"moon\"}\n".getBytes(StandardCharsets.UTF_8));
        RecoveredStates<byte[]> all = join(states.getAll(leadership));
        assertThat(all.states()).containsOnlyKeys("good");
        assertThat(all.corrupt()).containsOnlyKeys("missing", "cut", "entry", "version");
        assertThat(all.corrupt().get("version")).hasMessageContaining("of version 2");
        assertThat(all.corrupt().get("cut")).hasMessageContaining("ends too early");
        for (String name : all.corrupt().keySet()) {
            assertFailure(states.get(name)).isInstanceOf(CorruptDataException.class);
            join(states.remove(leadership, name));
            assertThat(join(states.get(name))).isEmpty();
        }
        assertThat(join(states.names())).containsExactly("good");
    }

    private String blobOf(String name) {
        return State.of(world.entry(".ha/states/things/" + name))
                .blob()
                .orElseThrow()
                .name();
    }

    @Test
    void whatTheCodecCanNotReadIsTold() {
        StateHandleStore<String> texts = stores.states("things", Codec.text());
        join(states.add(leadership, "bytes", new byte[] {(byte) 0xff}));
        assertFailure(texts.get("bytes"))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("the codec");
        assertThat(join(texts.getAll(leadership)).corrupt()).containsOnlyKeys("bytes");
    }

    @Test
    void aReadUnderALeadershipThatIsOverFailsOnlyWhenASuccessorWasHere() {
        join(states.add(leadership, "a", new byte[] {1}));
        Leadership next = world.lead();
        assertThat(join(states.get(leadership, "a")).orElseThrow().value())
                .as("nobody has written since, so it is the truth")
                .containsExactly(1);
        ElectionStores successor = world.stores();
        join(successor.states("other", Codec.text()).get(next, "x"));
        assertFailure(states.get(leadership, "a")).isInstanceOf(LeadershipLostException.class);
        assertFailure(states.getAll(leadership)).isInstanceOf(LeadershipLostException.class);
        assertThat(join(states.get("a"))).as("without a leadership").isPresent();
    }

    @Test
    void aReadWhoseBlobIsReplacedMeanwhileGivesTheNewOne() {
        StateHandle<byte[]> old = join(states.add(leadership, "a", new byte[50_000]));
        world.interruptAt(1, () -> join(states.replace(leadership, old, new byte[60_000])));
        assertThat(value("a")).hasSize(60_000);
        world.interruptAt(1, () -> join(states.remove(leadership, "a")));
        assertThat(join(states.get("a"))).isEmpty();
    }

    @Test
    void removedStoresUnderALeaderAreTold() {
        join(states.add(leadership, "a", new byte[1]));
        world.entries().clear();
        assertFailure(states.get(leadership, "a"))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("removed");
    }

    @Test
    void textsOfStatesAreReadAsWritten() {
        StateText text = StateText.pointer(new Blob("a.b.-7." + "0".repeat(32), Long.MAX_VALUE / 100, -1));
        assertThat(StateText.read("e", text.bytes()).blob()).isEqualTo(text.blob());
        assertThat(StateText.read("e", text.marked().bytes()).isRemoved()).isTrue();
        assertThat(text.bytes().length).isLessThanOrEqualTo(StateText.LONGEST_LINE);
        byte[] inline = StateText.inline(new byte[] {'\n', 0, 1}).bytes();
        assertThat(StateText.read("e", inline).value()).containsExactly('\n', 0, 1);
        Set<Integer> insensitive = new HashSet<>();
        for (int at = 0; at < inline.length; at++) {
            byte[] damaged = inline.clone();
            damaged[at] ^= 2;
            try {
                StateText.read("e", damaged);
                insensitive.add(at);
            } catch (CorruptDataException found) {
                assertThat(found).hasMessageContaining("entry e");
            }
        }
        String line = new String(inline, StandardCharsets.US_ASCII);
        assertThat(insensitive).as("only the id may be another one").allSatisfy(at -> assertThat(at)
                .isBetween(line.indexOf("\"id\":\"") + 5, line.indexOf("\",\"length\"")));
    }
}
