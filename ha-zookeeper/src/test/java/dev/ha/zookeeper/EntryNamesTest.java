package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.Leadership;
import dev.ha.UnavailableException;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An election can have as many entries as one answer lists, and what would be one too many is refused before anything breaks. */
@Tag("once")
class EntryNamesTest {
    /** Each character of its end takes nine in the name of a node. */
    private static String name(int i) {
        return i + "\u20ac".repeat(190);
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    @Test
    void noEntryIsCreatedThatCouldNotBeListed() throws Exception {
        try (TestingServer server = new TestingServer()) {
            Deque<Entry> created = new ArrayDeque<>();
            try (Node node = new Node(server.getConnectString(), "names")) {
                Leadership leadership = node.contend("x").granted();
                EntryStore entries = node.services().stores("x").entries();
                fill(entries, leadership, created);
                assertThat(created).hasSizeBetween(500, 650);
                assertThat(join(entries.names(""))).hasSize(created.size());
                join(entries.delete(leadership, created.pop()));
                created.push(join(entries.create(leadership, name(10_000), new byte[0])));
                assertFull(entries, leadership);
            }
            try (Node next = new Node(server.getConnectString(), "names")) {
                Leadership leadership = next.contend("x").granted();
                EntryStore entries = next.services().stores("x").entries();
                assertFull(entries, leadership);
                assertThat(join(entries.names(""))).hasSize(created.size());
                join(entries.replace(leadership, created.pop(), new byte[5]));
            }
        }
    }

    private static void fill(EntryStore entries, Leadership leadership, Deque<Entry> created) {
        List<CompletionStage<Entry>> all = IntStream.range(0, 700)
                .mapToObj(i -> entries.create(leadership, name(i), new byte[0]))
                .toList();
        for (CompletionStage<Entry> each : all) {
            try {
                created.push(join(each));
            } catch (CompletionException full) {
                assertThat(full.getCause()).isInstanceOf(UnavailableException.class);
            }
        }
    }

    private static void assertFull(EntryStore entries, Leadership leadership) {
        assertThatThrownBy(() -> join(entries.create(leadership, name(20_000), new byte[0])))
                .hasCauseInstanceOf(UnavailableException.class)
                .hasMessageContainingAll("jute.maxbuffer", Integer.toString(0xfffff));
    }
}
