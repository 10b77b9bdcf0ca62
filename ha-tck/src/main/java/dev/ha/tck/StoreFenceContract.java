package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;

import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.store.BlobStore;
import dev.ha.store.Codec;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobGraphStore;
import dev.ha.store.JobResult;
import dev.ha.store.JobStatus;
import dev.ha.store.RecoveredStates;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Chapter 6 of the specification: no store without the fence. */
abstract class StoreFenceContract extends StoreGroup {
    private static final String FENCE =
            "is every write conditional, in the backend itself, on the lock of its own candidacy?";

    StoreFenceContract(BackendContract contract) {
        super(contract);
    }

    // ---- 6.12

    @Test
    @Rule("6.12")
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    @DisplayName("No store accepts a write or removal of a leader whose successor has been granted")
    final void lateWrites() {
        needs(ELECTIONS);
        needs(REMOVE_LOCK);
        Node[] nodes = {node("a"), node("b")};
        Seat[] seats = new Seat[nodes.length];
        AtomicReference<@Nullable Supplier<List<Late>>> pending = new AtomicReference<>();
        Queue<Late> late = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < nodes.length; i++) {
            // Inside the grant of the successor, when its predecessor may not have noticed yet.
            seats[i] = nodes[i].seat().onGrant(leadership -> {
                Supplier<List<Late>> writes = pending.getAndSet(null);
                if (writes != null) {
                    late.addAll(writes.get());
                }
            });
        }
        seats[0].start();
        fill(stores(nodes[0]), seats[0].leadership());
        seats[1].start();
        String before = contents(nodes[0]);
        for (int round = 0; round < TckRounds.superseded(); round++) {
            int leader = leaderAmong(seats);
            Leadership leadership = seats[leader].leadership();
            HighAvailabilityStores stores = stores(nodes[leader]);
            done(stores.jobGraphs().recoverAll(leadership), "a leader recovers");
            pending.set(() -> allWrites(stores, leadership));
            inject(REMOVE_LOCK);
            expect().eventually(
                            () -> !late.isEmpty(),
                            "one of the two is granted",
                            lazily(() -> Arrays.toString(seats)),
                            "is a lock that was removed seen as free?");
            for (Late write : late) {
                expect().fails(
                                write.outcome,
                                LeadershipLostException.class,
                                "in round " + round + ", '" + write.act + "' under a superseded grant is refused",
                                FENCE);
            }
            late.clear();
            expect().that(
                            contents(nodes[0]).equals(before),
                            "after round " + round + " what was there before: " + before,
                            lazily(() -> contents(nodes[0])),
                            FENCE);
        }
    }

    private int leaderAmong(Seat[] seats) {
        expect().eventually(
                        () -> Stream.of(seats).anyMatch(seat -> seat.contender().leads()),
                        "one of the two leads",
                        lazily(() -> Arrays.toString(seats)),
                        "");
        return seats[0].contender().leads() ? 0 : 1;
    }

    /**
     * A write that comes too late.
     *
     * @param act what it would do
     * @param outcome of it
     */
    private record Late(String act, CompletionStage<?> outcome) {}

    private static List<Late> allWrites(HighAvailabilityStores stores, Leadership leadership) {
        Map<String, Supplier<CompletionStage<?>>> acts = new HashMap<>();
        acts.put("create an entry", () -> stores.entries().create(leadership, "late", random(1)));
        acts.put("add a state", () -> stores.states("late", Codec.bytes()).add(leadership, "late", random(LARGE)));
        acts.put("put a graph", () -> stores.jobGraphs().put(leadership, "job", random(5)));
        acts.put("remove a graph", () -> stores.jobGraphs().remove(leadership, "job"));
        acts.put("recover", () -> stores.jobGraphs().recoverAll(leadership).thenCompose(read -> stores.jobGraphs()
                .put(leadership, "late", random(1))));
        acts.put("add a checkpoint", () -> stores.checkpoints("job", 1, Codec.bytes())
                .add(leadership, 2, random(LARGE)));
        acts.put("take an id", () -> stores.checkpointIds("job").getAndIncrement(leadership));
        acts.put("put a blob", () -> stores.blobs().put(leadership, "job", "key", stream(random(5))));
        acts.put("delete a blob", () -> stores.blobs().delete(leadership, "job", "key"));
        acts.put("create a result", () -> stores.jobResults()
                .createDirty(leadership, new JobResult("late", JobStatus.FAILED, "")));
        acts.put("mark a result clean", () -> stores.jobResults().markClean(leadership, "job"));
        acts.put("clean up a job", () -> stores.globalCleanup(leadership, "job"));
        acts.put("delete all", () -> stores.deleteAll(leadership));
        List<Late> late = new ArrayList<>();
        acts.forEach((act, write) -> late.add(new Late(act, write.get())));
        return late;
    }

    /** All that {@link #fill} has written, as it is read now. */
    private String contents(Node node) {
        HighAvailabilityStores stores = stores(node);
        return "graphs " + done(stores.jobGraphs().ids(), "ids() completes")
                + ", graph "
                + done(stores.jobGraphs().get("job"), "get() completes").map(Arrays::hashCode)
                + ", checkpoint "
                + done(stores.checkpoints("job", 1, Codec.bytes()).latest(), "latest() completes")
                        .map(checkpoint -> checkpoint.id() + "/" + Arrays.hashCode(checkpoint.value()))
                + ", next id " + done(stores.checkpointIds("job").get(), "get() completes")
                + ", blob " + Arrays.hashCode(read(stores, "job", "key"))
                + ", results " + done(stores.jobResults().ids(), "ids() completes")
                + ", dirty " + done(stores.jobResults().hasDirtyResult("job"), "hasDirtyResult() completes")
                + ", other entries "
                + done(stores.entries().names("late"), "names() completes");
    }

    // ---- 6.13

    @Test
    @Rule("6.13")
    @DisplayName("A leader recovers all that was acknowledged to its predecessors, and a superseded one fails to")
    final void readingAsALeader() {
        needs(ELECTIONS);
        Map<String, byte[]> written = new HashMap<>();
        List<Node> nodes = new ArrayList<>();
        List<Leadership> leaderships = new ArrayList<>();
        for (int turn = 0; turn < 4; turn++) {
            Node node = node("node-" + turn);
            Queue<CompletionStage<RecoveredStates<byte[]>>> recovered = new ConcurrentLinkedQueue<>();
            Seat seat = node.seat()
                    .onGrant(
                            leadership -> recovered.add(stores(node).jobGraphs().recoverAll(leadership)))
                    .start();
            Leadership leadership = seat.leadership();
            expect().eventually(() -> !recovered.isEmpty(), "the grant recovers", seat, "");
            RecoveredStates<byte[]> found = done(recovered.element(), "a leader recovers");
            expect().that(
                            found.states().keySet().equals(written.keySet())
                                    && found.states().values().stream()
                                            .allMatch(state -> Arrays.equals(state.value(), written.get(state.name()))),
                            "the graphs " + written.keySet(),
                            lazily(() -> found.states().keySet()),
                            "does names() list, and get() read, the latest committed state?");
            byte[] graph = random(turn % 2 == 0 ? 10 : LARGE + turn);
            done(stores(node).jobGraphs().put(leadership, "job-" + turn, graph), "a leader puts");
            written.put("job-" + turn, graph);
            nodes.add(node);
            leaderships.add(leadership);
            seat.election().close();
        }
        Node last = node("last");
        Leadership present = last.contend().leadership();
        done(stores(last).jobGraphs().recover(present, "job-0"), "a leader recovers");
        for (int turn = 0; turn < nodes.size(); turn++) {
            JobGraphStore old = stores(nodes.get(turn)).jobGraphs();
            LeadershipLostException lost = expect().fails(
                            old.recoverAll(leaderships.get(turn)),
                            LeadershipLostException.class,
                            "a superseded leader does not recover",
                            ENGINE);
            expect().that(
                            lost.token() == leaderships.get(turn).fencingToken(),
                            "the token of the read",
                            lost.token(),
                            ENGINE);
            expect().that(
                            done(old.get("job-0"), "without a leadership it reads")
                                    .isPresent(),
                            "the graph, read without a leadership",
                            "nothing",
                            ENGINE);
        }
    }

    // ---- 7.4
    @Test
    @Rule("7.4")
    @DisplayName("Deletion of all removes entries and files, and no superseded leader can create any of it again")
    final void deletionOfAll() {
        needs(ELECTIONS);
        Node old = node("old");
        Seat seat = old.contend();
        Leadership superseded = seat.leadership();
        fill(stores(old), superseded);
        done(stores(old).entries().create(superseded, "mine", random(1)), "an entry can be created");
        seat.election().close();
        Node node = node("next");
        Leadership leadership = node.contend().leadership();
        for (int i = 0; i < 2; i++) {
            done(stores(node).deleteAll(leadership), "all can be deleted, also again");
            Set<String> left = done(stores(node).entries().names(""), "names() completes");
            expect().that(left.equals(Set.of(".ha/seal")), "nothing but the seal", left, ENGINE);
            expect().that(blobFiles().isEmpty(), "no file", lazily(this::blobFiles), ENGINE);
        }
        for (Late late : allWrites(stores(old), superseded)) {
            expect().fails(
                            late.outcome,
                            LeadershipLostException.class,
                            "'" + late.act + "' under a superseded grant is refused",
                            FENCE);
        }
        expect().that(blobFiles().isEmpty(), "no file of a superseded leader", lazily(this::blobFiles), ENGINE);
        Leadership present = leadership;
        BlobStore blobs = stores(node).blobs();
        done(blobs.put(present, "job", "key", stream(random(3))), "the leader can write again");
    }
}
