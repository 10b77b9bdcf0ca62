package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Fault.REMOVE_LOCK;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.ConfigurationException;
import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.store.BlobStore;
import dev.ha.store.Checkpoint;
import dev.ha.store.CheckpointIdCounter;
import dev.ha.store.CheckpointStore;
import dev.ha.store.Codec;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobGraphListener;
import dev.ha.store.JobGraphStore;
import dev.ha.store.JobResult;
import dev.ha.store.JobResultStore;
import dev.ha.store.JobStatus;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 6 of the specification, from 6.11 on: what is built on entries. A backend passes it by what it does with entries; but that it does only as a whole. */
abstract class JobStoreContract extends RuleGroup {
    private static final String ENGINE = "this is the library's own work, on what the backend does with entries";
    private static final String FENCE =
            "is every write conditional, in the backend itself, on the lock of its own candidacy?";
    private static final int LARGE = 100_000;

    JobStoreContract(BackendContract contract) {
        super(contract);
    }

    private static HighAvailabilityStores stores(Node node) {
        return node.services().stores(ELECTION);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static InputStream stream(byte[] data) {
        return new ByteArrayInputStream(data);
    }

    private <T> T done(CompletionStage<T> stage, String what) {
        return expect().completes(stage, what, ENGINE);
    }

    private byte[] read(HighAvailabilityStores stores, String jobId, String key) {
        InputStream data = done(stores.blobs().get(jobId, key), "the blob can be opened")
                .orElseThrow(() -> expect().broken("a blob", "nothing", ENGINE));
        try (data) {
            return data.readAllBytes();
        } catch (IOException e) {
            throw expect().broken("the blob can be read", e, ENGINE);
        }
    }

    private List<Path> blobFiles() {
        return TemporaryDirectory.files(scenario().storage());
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

    // ---- 6.12

    @Test
    @Rule("6.12")
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

    private void fill(HighAvailabilityStores stores, Leadership leadership) {
        done(stores.jobGraphs().put(leadership, "job", random(LARGE)), "a leader writes");
        done(stores.checkpoints("job", 1, Codec.bytes()).add(leadership, 1, random(LARGE)), "a leader writes");
        done(stores.checkpointIds("job").getAndIncrement(leadership), "a leader writes");
        done(stores.blobs().put(leadership, "job", "key", stream(random(LARGE))), "a leader writes");
        JobResult result = new JobResult("job", JobStatus.FINISHED, "");
        done(stores.jobResults().createDirty(leadership, result), "a leader writes");
    }

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
        blobFiles().stream().filter(file -> !damaged.contains(file)).forEach(JobStoreContract::delete);
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

    // ---- 6.16

    @Test
    @Rule("6.16")
    @DisplayName("The newest checkpoints are kept, in order, across leaders, until the job is over for good")
    final void checkpoints() {
        needs(ELECTIONS);
        long id = 0;
        for (int turn = 0; turn < 3; turn++) {
            Node node = node("node-" + turn);
            Seat seat = node.contend();
            Leadership leadership = seat.leadership();
            CheckpointStore<byte[]> store = stores(node).checkpoints("job", 3, Codec.bytes());
            List<Long> kept = ids(done(store.recover(leadership), "a leader recovers checkpoints"));
            expect().that(
                            kept.equals(turn == 0 ? List.of() : List.of(id - 2, id - 1, id)),
                            "the three newest, oldest first, up to " + id,
                            kept,
                            ENGINE);
            for (int i = 0; i < 4; i++) {
                done(store.add(leadership, ++id, random(i % 2 == 0 ? LARGE : 10)), "a checkpoint can be added");
            }
            long present = id;
            expect().fails(
                            store.add(leadership, present, random(1)),
                            ConflictException.class,
                            "addition of an id that is there is a conflict",
                            ENGINE);
            Optional<Checkpoint<byte[]>> latest = done(store.latest(), "latest() completes");
            expect().that(
                            latest.filter(checkpoint -> checkpoint.id() == present)
                                    .isPresent(),
                            "checkpoint " + present + " is the latest",
                            latest,
                            ENGINE);
            JobStatus status = turn < 2 ? JobStatus.SUSPENDED : JobStatus.FINISHED;
            done(store.shutdown(leadership, status), "a checkpoint store can be shut down");
            seat.election().close();
        }
        Node node = node("last");
        expect().that(
                        done(stores(node).checkpoints("job", 3, Codec.bytes()).latest(), "latest() completes")
                                .isEmpty(),
                        "no checkpoint of a job that has finished",
                        lazily(this::raw),
                        ENGINE);
        expect().that(blobFiles().isEmpty(), "no file of it", lazily(this::blobFiles), ENGINE);
    }

    private static List<Long> ids(List<Checkpoint<byte[]>> checkpoints) {
        return checkpoints.stream().map(Checkpoint::id).toList();
    }

    // ---- 6.17

    @Test
    @Rule("6.17")
    @DisplayName("Checkpoint ids begin with 1 and are given once each, in order, by several threads and leaders")
    final void counting() {
        needs(ELECTIONS);
        List<Long> given = new ArrayList<>();
        for (int turn = 0; turn < 3; turn++) {
            Node node = node("node-" + turn);
            Seat seat = node.contend();
            Leadership leadership = seat.leadership();
            CheckpointIdCounter counter = stores(node).checkpointIds("job");
            CheckpointIdCounter same = stores(node).checkpointIds("job");
            List<CompletionStage<Long>> asked = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                asked.add((i % 2 == 0 ? counter : same).getAndIncrement(leadership));
            }
            List<Long> ofTurn = new ArrayList<>();
            asked.forEach(each -> ofTurn.add(done(each, "the next id is given")));
            List<Long> sorted = ofTurn.stream().sorted().toList();
            long first = given.isEmpty() ? 1 : given.get(given.size() - 1) + 1;
            expect().that(
                            sorted.get(0) == first && new HashSet<>(sorted).size() == sorted.size(),
                            "ten different ids from " + first + " on",
                            sorted,
                            ENGINE);
            given.addAll(sorted);
            done(counter.advanceTo(leadership, given.get(given.size() - 1)), "advancing to what is past does nothing");
            seat.election().close();
        }
        expect().that(
                        new HashSet<>(given).size() == given.size(),
                        "no id twice",
                        given,
                        "does get() read the latest committed state?");
    }

    // ---- 6.18

    @Test
    @Rule("6.18")
    @DisplayName("A job has one result: created dirty once, then clean, whoever asks and however often")
    final void results() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        JobResultStore results = stores(node).jobResults();
        JobResult result = new JobResult("job", JobStatus.FINISHED, "first");
        assertResult(false, false);
        expect().fails(
                        results.markClean(leadership, "job"),
                        ConflictException.class,
                        "what is not there can't be marked clean",
                        ENGINE);
        done(results.createDirty(leadership, result), "a result can be created");
        assertResult(true, true);
        for (int i = 0; i < 2; i++) {
            expect().fails(
                            results.createDirty(leadership, new JobResult("job", JobStatus.FAILED, "second")),
                            ConflictException.class,
                            "a second result of one job is a conflict",
                            ENGINE);
            assertResult(true, i == 0);
            done(results.markClean(leadership, "job"), "a result can be marked clean, also again");
            assertResult(true, false);
        }
        Set<JobResult> dirty = done(results.dirtyResults(leadership), "dirty results are listed");
        expect().that(dirty.isEmpty(), "no dirty result", dirty, ENGINE);
        expect().that(
                        done(results.get("job"), "get() completes").equals(Optional.of(result)),
                        "the first result",
                        lazily(() -> results.get("job")),
                        ENGINE);
    }

    private void assertResult(boolean any, boolean dirty) {
        JobResultStore seen = stores(node("reader")).jobResults();
        expect().that(done(seen.hasResult("job"), "hasResult() completes") == any, "result: " + any, !any, ENGINE);
        expect().that(
                        done(seen.hasDirtyResult("job"), "hasDirtyResult() completes") == dirty,
                        "dirty result: " + dirty,
                        !dirty,
                        ENGINE);
        boolean clean = any && !dirty;
        expect().that(
                        done(seen.hasCleanResult("job"), "hasCleanResult() completes") == clean,
                        "clean result: " + clean,
                        !clean,
                        ENGINE);
    }

    // ---- 6.19

    @Test
    @Rule("6.19")
    @DisplayName(
            "A listener in another process is told of job graphs that are there, come and go, and of nothing after close")
    final void listening() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        JobGraphStore graphs = stores(node).jobGraphs();
        done(graphs.put(leadership, "before", random(1)), "a graph can be put");
        Queue<String> told = new ConcurrentLinkedQueue<>();
        JobGraphStore.Watching watching = stores(node("b")).jobGraphs().watch(Duration.ofMillis(20), listener(told));
        awaitTold(told, "+before");
        done(graphs.put(leadership, "job", random(1)), "a graph can be put");
        awaitTold(told, "+before", "+job");
        done(graphs.put(leadership, "job", random(2)), "a graph can be replaced");
        done(graphs.remove(leadership, "before"), "a graph can be removed");
        awaitTold(told, "+before", "+job", "-before");
        watching.close();
        done(graphs.remove(leadership, "job"), "a graph can be removed");
        expect().throughout(() -> told.size() == 3, "nothing is told after close", told, ENGINE);
    }

    private void awaitTold(Queue<String> told, String... expected) {
        expect().eventually(
                        () -> List.copyOf(told).equals(List.of(expected)),
                        List.of(expected) + " is told",
                        told,
                        ENGINE);
    }

    private static JobGraphListener listener(Queue<String> told) {
        return new JobGraphListener() {
            @Override
            public void onAdded(String jobId) {
                told.add("+" + jobId);
            }

            @Override
            public void onRemoved(String jobId) {
                told.add("-" + jobId);
            }
        };
    }

    // ---- 6.20

    @Test
    @Rule("6.20")
    @DisplayName("Clean-up of a job removes all of it but its result, and nothing of other jobs")
    final void cleanupOfOneJob() {
        needs(ELECTIONS);
        Node node = node("a");
        Leadership leadership = node.contend().leadership();
        HighAvailabilityStores stores = stores(node);
        fill(stores, leadership);
        String other = "job/2";
        done(stores.jobGraphs().put(leadership, other, random(LARGE)), "a graph can be put");
        done(stores.blobs().put(leadership, other, "key", stream(random(LARGE))), "a blob can be put");
        for (int i = 0; i < 2; i++) {
            done(stores.globalCleanup(leadership, "job"), "a job can be cleaned up, also again");
            expect().that(
                            done(stores.jobGraphs().ids(), "ids() completes").equals(Set.of(other))
                                    && done(
                                                    stores.checkpoints("job", 1, Codec.bytes())
                                                            .latest(),
                                                    "")
                                            .isEmpty()
                                    && done(stores.checkpointIds("job").get(), "") == 1
                                    && done(stores.blobs().keys("job"), "").isEmpty(),
                            "nothing of the job",
                            lazily(this::raw),
                            ENGINE);
            expect().that(
                            done(stores.jobResults().hasDirtyResult("job"), "hasDirtyResult() completes"),
                            "its result",
                            "none",
                            ENGINE);
            expect().that(blobFiles().size() == 2, "two files of the other job", lazily(this::blobFiles), ENGINE);
        }
        expect().that(
                        Arrays.equals(read(stores, other, "key"), random(LARGE)),
                        "the blob of the other job",
                        "others",
                        ENGINE);
    }

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
