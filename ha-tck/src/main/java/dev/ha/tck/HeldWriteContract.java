package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;

import dev.ha.Leadership;
import dev.ha.store.Codec;
import dev.ha.store.Entry;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobResult;
import dev.ha.store.JobStatus;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Rule 6.12 for writes that are on their way. A write takes several messages: it looks, stores, writes, deletes. At each of them its leader is superseded while the network
 * holds the message back; delivered after the successor has read and written, it must not change anything.
 */
abstract class HeldWriteContract extends StoreGroup {
    private static final String FENCE =
            "is every write conditional, in the backend itself, on the lock of its own candidacy, or does the client look for the lock before it writes?";

    /** What the successor has left; looked at again in the next round, as a message may arrive late. */
    private Map<String, String> left = Map.of();

    HeldWriteContract(BackendContract contract) {
        super(contract);
    }

    /** What is there before a write. */
    private record Before(
            HighAvailabilityStores stores, Leadership leadership, StateHandle<byte[]> state, Entry entry) {
        StateHandleStore<byte[]> states() {
            return states(stores);
        }

        static StateHandleStore<byte[]> states(HighAvailabilityStores stores) {
            return stores.states("states", Codec.bytes());
        }
    }

    /**
     * A write.
     *
     * @param name for messages
     * @param begin it; each changes what is there
     */
    private record Act(String name, Function<Before, CompletionStage<?>> begin) {}

    private static final List<Act> ACTS = List.of(
            new Act("create entry", at -> at.stores.entries().create(at.leadership, "new", random(9))),
            new Act("replace entry", at -> at.stores.entries().replace(at.leadership, at.entry, random(9))),
            new Act("delete entry", at -> at.stores.entries().delete(at.leadership, at.entry)),
            new Act("add state", at -> at.states().add(at.leadership, "new", random(LARGE))),
            new Act("replace state", at -> at.states().replace(at.leadership, at.state, random(LARGE + 1))),
            new Act("remove state", at -> at.states().remove(at.leadership, "state")),
            new Act("put graph", at -> at.stores.jobGraphs().put(at.leadership, "job", random(9))),
            new Act(
                    "add checkpoint",
                    at -> at.stores.checkpoints("job", 1, Codec.bytes()).add(at.leadership, 2, random(LARGE))),
            new Act("take id", at -> at.stores.checkpointIds("job").getAndIncrement(at.leadership)),
            new Act("put blob", at -> at.stores.blobs().put(at.leadership, "job", "key", stream(random(9)))),
            new Act("create result", at -> at.stores
                    .jobResults()
                    .createDirty(at.leadership, new JobResult("new", JobStatus.FAILED, ""))),
            new Act("mark clean", at -> at.stores.jobResults().markClean(at.leadership, "job")),
            new Act("clean up", at -> at.stores.globalCleanup(at.leadership, "job")),
            new Act("delete all", at -> at.stores.deleteAll(at.leadership)));

    /** A process that contends, behind a network of its own; what it does at its grant is said anew for each round. */
    private final class Party {
        private final Network network = scenario().network();
        private final Node node;
        private final Seat seat;
        private final AtomicReference<@Nullable Consumer<Leadership>> atGrant = new AtomicReference<>();
        private volatile boolean givesWay;

        Party(String name) {
            node = scenario().nodeWith(name).via(network).open();
            seat = node.seat()
                    .onGrant(leadership -> {
                        if (givesWay) {
                            leadership.resign();
                            return;
                        }
                        Consumer<Leadership> act = atGrant.getAndSet(null);
                        if (act != null) {
                            act.accept(leadership);
                        }
                    })
                    .start();
        }

        HighAvailabilityStores stores() {
            return StoreGroup.stores(node);
        }
    }

    @Test
    @Rule("6.12")
    @Tag("once")
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    @DisplayName(
            "A write that is held back at any of its messages until a successor has written changes nothing after that")
    final void heldWrites() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        scenario().needsServers();
        List<Party> parties = List.of(new Party("a"), new Party("b"));
        HighAvailabilityStores observer = stores(node("observer"));
        for (Act act : ACTS) {
            int passed = 0;
            while (isHeldAfter(passed, act, parties, observer)) {
                passed = passed < TckRounds.held() ? passed + 1 : passed * 2;
            }
        }
        assertUnchanged("the last round", observer);
    }

    /** One round; false when {@code act} was done before so many messages had passed. */
    private boolean isHeldAfter(int passed, Act act, List<Party> parties, HighAvailabilityStores observer) {
        Party old = leaderAmong(parties);
        Party next = parties.get(parties.indexOf(old) == 0 ? 1 : 0);
        String round = act.name + " held back after " + passed + " messages";
        assertUnchanged(round + ", before it", observer);
        Before at = prepare(old);
        Map<String, String> before = contents(observer);
        AtomicReference<@Nullable Map<String, String>> atGrant = new AtomicReference<>();
        AtomicReference<@Nullable Map<String, String>> written = new AtomicReference<>();
        next.atGrant.set(leadership -> {
            done(next.stores().jobGraphs().recoverAll(leadership), "the successor recovers");
            atGrant.set(contents(next.stores()));
            done(next.stores().jobGraphs().put(leadership, "job", random(LARGE + passed)), "the successor writes");
            written.set(contents(next.stores()));
        });
        Network.Held held = old.network.holdAfter(passed);
        CompletionStage<?> outcome = act.begin.apply(at);
        expect().eventually(
                        () -> held.isCaught() || outcome.toCompletableFuture().isDone(),
                        round + ": it goes on until a message is held back",
                        lazily(outcome::toString),
                        "");
        if (!held.isCaught()) {
            held.release();
            next.atGrant.set(null);
            done(outcome, round + ": it succeeds, as nothing was held back");
            left = contents(observer);
            return false;
        }
        old.givesWay = true; // it contends for the lock like any other, and may win
        inject(REMOVE_LOCK);
        expect().within(
                        leaseAndPatience().plus(TckTimeouts.servers()),
                        () -> written.get() != null,
                        round + ": a successor is granted, reads and writes",
                        lazily(() -> parties.stream().map(party -> party.seat).toList()),
                        "is a lock that was removed seen as free?");
        old.givesWay = false;
        left = Optional.ofNullable(written.get()).orElseThrow();
        held.release();
        boolean acknowledged =
                expect().completes(outcome.handle((value, refused) -> refused == null), round + ": it ends", FENCE);
        expect().that(
                        !acknowledged || !before.equals(atGrant.get()),
                        round + ": what is acknowledged was there when the successor read",
                        lazily(atGrant::get),
                        FENCE);
        assertUnchanged(round, observer);
        return true;
    }

    private Party leaderAmong(List<Party> parties) {
        expect().eventually(
                        () -> parties.stream()
                                .anyMatch(party -> party.seat.contender().leads()),
                        "one of the two leads",
                        lazily(() -> parties.stream().map(party -> party.seat).toList()),
                        "");
        return parties.stream()
                .filter(party -> party.seat.contender().leads())
                .findFirst()
                .orElseGet(() -> leaderAmong(parties));
    }

    /** The same before each write, and sealed, so that what follows is the write itself. */
    private Before prepare(Party leader) {
        Leadership leadership = leader.seat.leadership();
        HighAvailabilityStores stores = leader.stores();
        done(stores.deleteAll(leadership), "a leader deletes all");
        fill(stores, leadership);
        StateHandle<byte[]> state =
                done(Before.states(stores).add(leadership, "state", random(LARGE)), "a leader writes");
        Entry entry = done(stores.entries().create(leadership, "entry", random(5)), "a leader writes");
        return new Before(stores, leadership, state, entry);
    }

    private void assertUnchanged(String round, HighAvailabilityStores observer) {
        Map<String, String> found = contents(observer);
        expect().that(
                        found.equals(left),
                        round + ": what the successor has left: " + left,
                        lazily(() -> difference(found)),
                        FENCE);
    }

    private String difference(Map<String, String> found) {
        Map<String, String> changed = new TreeMap<>(found);
        changed.entrySet().removeAll(left.entrySet());
        return changed + " instead, and of " + left.keySet() + " there are " + found.keySet();
    }

    /** Version and value of each entry, which must be whole. */
    private Map<String, String> contents(HighAvailabilityStores stores) {
        Map<String, String> contents = new TreeMap<>();
        Set<String> names = done(stores.entries().names(""), "names() completes");
        for (String name : names) {
            Optional<Entry> entry = done(stores.entries().get(name), "get() completes");
            Optional<InputStream> value = done(stores.read(name), "a state is whole");
            entry.ifPresent(found -> contents.put(
                    name, found.version() + value.map(HeldWriteContract::hash).orElse(" removed")));
        }
        return contents;
    }

    private static String hash(InputStream value) {
        try (value) {
            return " " + Arrays.hashCode(value.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
