package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Expect.lazily;

import dev.ha.ConflictException;
import dev.ha.Leadership;
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
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Chapter 6 of the specification: checkpoints, counters, results, graphs and the clean-up of jobs. */
abstract class JobContract extends StoreGroup {
    JobContract(BackendContract contract) {
        super(contract);
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
}
