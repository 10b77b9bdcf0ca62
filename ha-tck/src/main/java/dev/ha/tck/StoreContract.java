package dev.ha.tck;

import static dev.ha.tck.Capability.DURABLE;
import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.ConflictException;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 6 of the specification. */
abstract class StoreContract extends RuleGroup {
    private static final String FENCE =
            "is every write conditional, in the backend itself, on the lock of its own candidacy?";
    private static final String CONDITION = "is every write conditional on the version that the change expects?";

    StoreContract(BackendContract contract) {
        super(contract);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static EntryStore entries(Node node) {
        return node.services().stores(ELECTION).entries();
    }

    private Entry create(EntryStore entries, Leadership leadership, String name, String value) {
        return expect().completes(
                        entries.create(leadership, name, bytes(value)),
                        "the leader can create '" + name + "'",
                        "why does write() refuse the holder of the lock?");
    }

    private Optional<String> text(EntryStore entries, String name) {
        return expect().completes(entries.get(name), "get() completes", "does get() of the metadata store complete?")
                .map(entry -> new String(entry.value(), StandardCharsets.UTF_8));
    }

    // ---- 6.1

    @Test
    @Rule("6.1")
    @DisplayName("The first read of a new leader sees every write that was acknowledged to its predecessors")
    final void firstReadSeesAll() {
        needs(ELECTIONS);
        Map<String, String> written = new TreeMap<>();
        for (int turn = 0; turn < 5; turn++) {
            Queue<CompletionStage<Optional<Entry>>> firstReads = new ConcurrentLinkedQueue<>();
            Node node = node("node-" + turn);
            EntryStore entries = entries(node);
            String last = "entry-" + (turn - 1);
            Seat seat = node.seat()
                    .onGrant(leadership -> firstReads.add(entries.get(last)))
                    .start();
            Leadership leadership = seat.leadership();
            if (turn > 0) {
                expect().eventually(() -> !firstReads.isEmpty(), "the grant reads", seat, "");
                Optional<Entry> read = expect().completes(firstReads.element(), "get() completes", "");
                expect().that(
                                read.isPresent(),
                                "the entry '" + last + "' that was acknowledged to the predecessor",
                                "nothing",
                                "does get() read the latest committed state?");
            }
            create(entries, leadership, "entry-" + turn, "value-" + turn);
            written.put("entry-" + turn, "value-" + turn);
            if (turn % 2 == 0) {
                node.close();
            } else {
                seat.election().close();
            }
        }
        expect().that(raw().entries().equals(written), "the entries " + written, raw().entries(), FENCE);
    }

    @Test
    @Rule("6.1")
    @DisplayName("Once a successor was granted, no write of its predecessor is accepted")
    final void nothingAfterTheSuccessor() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Node old = node("old");
        Seat oldSeat = old.contend();
        Leadership superseded = oldSeat.leadership();
        EntryStore entries = entries(old);
        Entry entry = create(entries, superseded, "entry", "old");
        Node next = node("next");
        Queue<CompletionStage<Entry>> late = new ConcurrentLinkedQueue<>();
        // The old leader writes with all its might while it is superseded: each write must be refused, or be there for
        // the successor to see.
        Seat seat = next.seat()
                .onGrant(leadership -> late.add(entries.create(superseded, "late", bytes("late"))))
                .start();
        inject(REMOVE_LOCK);
        oldSeat.election().close();
        seat.leadership();
        expect().eventually(() -> !late.isEmpty(), "the successor's grant runs", seat, "");
        expect().fails(late.element(), LeadershipLostException.class, "the late write is refused", FENCE);
        expect().fails(
                        entries.replace(superseded, entry, bytes("late")),
                        LeadershipLostException.class,
                        "the late write is refused",
                        FENCE);
        expect().that(raw().entries().equals(Map.of("entry", "old")), "the entry as it was", raw(), FENCE);
    }

    // ---- 6.2

    @Test
    @Rule("6.2")
    @DisplayName("A superseded leader can neither delete an entry nor create one that was deleted")
    final void deletionKeepsTheFence() {
        needs(ELECTIONS);
        Node old = node("old");
        Seat oldSeat = old.contend();
        Leadership superseded = oldSeat.leadership();
        EntryStore oldEntries = entries(old);
        Entry kept = create(oldEntries, superseded, "kept", "kept");
        Entry deleted = create(oldEntries, superseded, "deleted", "deleted");
        oldSeat.election().close();

        Node next = node("next");
        Leadership leadership = next.contend().leadership();
        expect().completes(entries(next).delete(leadership, deleted), "the leader can delete", CONDITION);
        expect().fails(
                        oldEntries.delete(superseded, kept),
                        LeadershipLostException.class,
                        "deletion under a superseded grant is refused",
                        FENCE);
        expect().fails(
                        oldEntries.create(superseded, "deleted", bytes("late")),
                        LeadershipLostException.class,
                        "creation of what was deleted, under a superseded grant, is refused",
                        FENCE);
        expect().that(raw().entries().equals(Map.of("kept", "kept")), "the entry that was kept", raw(), FENCE);
    }

    @Test
    @Rule("6.2")
    @DisplayName(
            "A deletion, and a creation of what was deleted, that arrive after their leader was superseded change nothing")
    final void lateDeletionChangesNothing() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        scenario().needsServers();
        Network network = scenario().network();
        Node old = scenario().nodeWith("old").via(network).open();
        Leadership superseded = old.seat().leavingWhenRevoked().start().leadership();
        EntryStore entries = entries(old);
        Entry kept = create(entries, superseded, "kept", "kept");
        Entry deleted = create(entries, superseded, "deleted", "deleted");
        network.stall(Direction.TO_SERVER); // on later connections too: it is still the leader, and would send again
        entries.delete(superseded, kept);
        entries.create(superseded, "deleted", bytes("late"));
        scenario().letPass(TckTimeouts.quiet());
        Node next = node("next");
        Seat seat = next.contend();
        inject(REMOVE_LOCK);
        expect().completes(entries(next).delete(seat.leadership(), deleted), "the leader can delete", CONDITION);
        network.hangUp(); // not before, or the leader sends it again while it may
        network.resume();
        expect().throughout(
                        () -> raw().entries().equals(Map.of("kept", "kept")),
                        "the entry that was kept, and no other",
                        lazily(this::raw),
                        FENCE);
    }

    // ---- 6.3

    @Test
    @Rule("6.3")
    @DisplayName("Creation fails when the entry exists, and leaves it as it is")
    final void creationIsConditional() {
        needs(ELECTIONS);
        Node node = node("a");
        EntryStore entries = entries(node);
        Leadership leadership = node.contend().leadership();
        create(entries, leadership, "entry", "first");
        expect().fails(
                        entries.create(leadership, "entry", bytes("second")),
                        ConflictException.class,
                        "creation of an entry that exists is a conflict",
                        CONDITION);
        expect().that(
                        text(entries, "entry").equals(Optional.of("first")),
                        "the entry as it was",
                        text(entries, "entry"),
                        CONDITION);
    }

    @Test
    @Rule("6.3")
    @DisplayName("Replacement and deletion fail when the entry has another version or is gone, and change nothing")
    final void replacementIsConditional() {
        needs(ELECTIONS);
        Node node = node("a");
        EntryStore entries = entries(node);
        Leadership leadership = node.contend().leadership();
        Entry first = create(entries, leadership, "entry", "first");
        Entry second = expect().completes(
                        entries.replace(leadership, first, bytes("second")), "the leader can replace", CONDITION);
        expect().that(
                        text(entries, "entry").equals(Optional.of("second")),
                        "the new value",
                        text(entries, "entry"),
                        CONDITION);
        assertConflict(entries, leadership, first);
        expect().that(raw().entries().equals(Map.of("entry", "second")), "the entry as it was", raw(), CONDITION);
        expect().completes(entries.delete(leadership, second), "the leader can delete", CONDITION);
        expect().that(text(entries, "entry").isEmpty(), "nothing after deletion", text(entries, "entry"), CONDITION);
        assertConflict(entries, leadership, second);
        expect().that(raw().entries().isEmpty(), "no entry", raw(), CONDITION);
    }

    private void assertConflict(EntryStore entries, Leadership leadership, Entry old) {
        expect().fails(
                        entries.replace(leadership, old, bytes("late")),
                        ConflictException.class,
                        "replacement of an old version is a conflict",
                        CONDITION);
        expect().fails(
                        entries.delete(leadership, old),
                        ConflictException.class,
                        "deletion of an old version is a conflict",
                        CONDITION);
    }

    @Test
    @Rule("6.3")
    @DisplayName("Of many concurrent replacements of one version exactly one succeeds")
    final void oneOfManyReplacements() {
        needs(ELECTIONS);
        Node node = node("a");
        EntryStore entries = entries(node);
        Leadership leadership = node.contend().leadership();
        Entry first = create(entries, leadership, "entry", "first");
        List<CompletionStage<Entry>> replacements = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            replacements.add(entries.replace(leadership, first, bytes("value-" + i)));
        }
        List<Optional<Entry>> outcomes = replacements.stream()
                .map(stage -> expect().completes(
                                stage.handle((entry, failure) -> Optional.ofNullable(entry)),
                                "replace() completes",
                                CONDITION))
                .toList();
        long successes = outcomes.stream().filter(Optional::isPresent).count();
        expect().that(successes == 1, "one replacement", successes + " succeeded", CONDITION);
    }

    // ---- 6.4

    @Test
    @Rule("6.4")
    @DisplayName("An entry that was deleted and created again has a version that it never had")
    final void versionsAreNotUsedTwice() {
        needs(ELECTIONS);
        Node node = node("a");
        EntryStore entries = entries(node);
        Leadership leadership = node.contend().leadership();
        Set<String> versions = new HashSet<>();
        for (int turn = 0; turn < 3; turn++) {
            Entry entry = create(entries, leadership, "entry", "same");
            Entry replaced = expect().completes(
                            entries.replace(leadership, entry, bytes("same")), "the leader can replace", CONDITION);
            for (Entry each : List.of(entry, replaced)) {
                expect().that(
                                versions.add(each.version()),
                                "a version that was not there before",
                                each,
                                "does the version start anew when an entry is created again?");
            }
            expect().completes(entries.delete(leadership, replaced), "the leader can delete", CONDITION);
        }
    }

    // ---- 6.5

    @Test
    @Rule("6.5")
    @DisplayName(
            "Values are read as they were written, byte by byte, from none to the largest; a larger one is refused")
    final void values() {
        needs(ELECTIONS);
        Node node = node("a");
        EntryStore entries = entries(node);
        Leadership leadership = node.contend().leadership();
        byte[] largest = new byte[EntryStore.MAX_VALUE];
        new Random(1).nextBytes(largest);
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        Map<String, byte[]> values = Map.of("none", new byte[0], "all", all, "largest", largest);
        values.forEach((name, value) -> {
            Entry written = expect().completes(
                            entries.create(leadership, name, value), "a value of " + value.length + " bytes", "");
            Optional<Entry> read =
                    expect().completes(entries.get(name), "get() completes", "what limits the size of a read?");
            expect().that(
                            read.filter(entry -> Arrays.equals(entry.value(), value)
                                            && entry.version().equals(written.version())
                                            && entry.writeId().equals(written.writeId()))
                                    .isPresent(),
                            "the same " + value.length + " bytes, version and write id as " + written,
                            read,
                            "is the value stored as bytes, and not as text?");
        });
        expect().thrown(
                        IllegalArgumentException.class,
                        () -> entries.create(leadership, "too large", new byte[EntryStore.MAX_VALUE + 1]),
                        "a value of more than EntryStore.MAX_VALUE bytes is refused",
                        "this is the engine's work");
    }

    // ---- 6.6

    @Test
    @Rule("6.6")
    @DisplayName("Entries of different names, elections and clusters do not meet; names(prefix) gives exactly those")
    final void names() {
        needs(ELECTIONS);
        Node node = node("a");
        EntryStore entries = entries(node);
        Leadership leadership = node.contend().leadership();
        List<String> names = OddNames.ALL;
        names.forEach(name -> create(entries, leadership, name, "value of " + name));
        names.forEach(name -> expect().that(
                        text(entries, name).equals(Optional.of("value of " + name)),
                        "the value of the entry '" + name + "'",
                        text(entries, name),
                        "are names encoded one-to-one?"));
        for (String prefix : List.of("", "a", "a/", "job", "no such")) {
            Set<String> expected =
                    names.stream().filter(name -> name.startsWith(prefix)).collect(Collectors.toSet());
            Set<String> found = expect().completes(entries.names(prefix), "names() completes", "");
            expect().that(
                            found.equals(expected),
                            "the names that begin with '" + prefix + "': " + expected,
                            found,
                            "is the prefix compared before or after encoding?");
        }
        Set<String> ofOther = expect().completes(
                        node.services().stores(ELECTION + "/a").entries().names(""), "names() completes", "");
        expect().that(ofOther.isEmpty(), "no entries in another election", ofOther, "what separates elections?");
        Set<String> ofCluster = expect().completes(
                        scenario()
                                .nodeWith("elsewhere")
                                .with("high-availability.cluster-id", scenario().clusterId() + "-2")
                                .open()
                                .services()
                                .stores(ELECTION)
                                .entries()
                                .names(""),
                        "names() completes",
                        "");
        expect().that(ofCluster.isEmpty(), "no entries in another cluster", ofCluster, "what separates clusters?");
    }

    // ---- 6.7

    @Test
    @Rule("6.7")
    @DisplayName("A leadership of another election or of other services is refused")
    final void foreignLeadership() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership other = node.seat("another election").start().leadership();
        Node elsewhere = node("b");
        Leadership foreign = elsewhere.contend().leadership();
        for (Leadership wrong : List.of(other, foreign)) {
            expect().thrown(
                            IllegalArgumentException.class,
                            () -> entries(node).create(wrong, "entry", bytes("value")),
                            "a leadership that is not of this election and these services is refused",
                            "this is the engine's work");
        }
    }

    // ---- 6.8

    @Test
    @Rule("6.8")
    @DisplayName("A contender can write in revokeLeadership on resign and close, and its successor reads it")
    final void savingWhileStopping() {
        needs(ELECTIONS);
        for (String end : List.of("resign", "close")) {
            Node node = node(end);
            EntryStore entries = entries(node);
            Queue<CompletionStage<Entry>> saved = new ConcurrentLinkedQueue<>();
            Seat seat = node.seat()
                    .onRevoke(leadership -> {
                        CompletionStage<Entry> save = entries.create(leadership, "saved on " + end, bytes("state"));
                        saved.add(save);
                        // The lock is kept until this callback returns, so it waits for its write as a real one would.
                        Expect.await(TckTimeouts.patience(), () -> save.toCompletableFuture()
                                .isDone());
                    })
                    .start();
            Leadership leadership = seat.leadership();
            if (end.equals("resign")) {
                expect().completes(leadership.resign(), "resign() completes", "");
            }
            seat.election().close();
            expect().eventually(() -> !saved.isEmpty(), "revokeLeadership is called on " + end, seat, "");
            expect().completes(
                            saved.remove(),
                            "a write in revokeLeadership succeeds",
                            "does the driver refuse writes before its close() is called?");
        }
        Node next = node("next");
        next.contend().leadership();
        Set<String> names = expect().completes(entries(next).names("saved"), "names() completes", "");
        expect().that(names.containsAll(Set.of("saved on resign", "saved on close")), "both entries", names, FENCE);
    }

    // ---- 6.9

    @Test
    @Rule("6.9")
    @DisplayName("Entries survive the close of all services")
    final void survival() {
        needs(ELECTIONS, DURABLE);
        Node node = node("a");
        create(entries(node), node.contend().leadership(), "entry", "value");
        node.close();
        Node next = node("b");
        expect().that(
                        text(entries(next), "entry").equals(Optional.of("value")),
                        "the entry that was written before all services closed",
                        lazily(this::raw),
                        "what does close() of the backend delete?");
    }
}
