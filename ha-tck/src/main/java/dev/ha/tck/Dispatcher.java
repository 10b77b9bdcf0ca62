package dev.ha.tck;

import static dev.ha.tck.ChildProgram.join;

import dev.ha.Leadership;
import dev.ha.store.Checkpoint;
import dev.ha.store.CheckpointIdCounter;
import dev.ha.store.CheckpointStore;
import dev.ha.store.Codec;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobResult;
import dev.ha.store.JobResultStore;
import dev.ha.store.JobStatus;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The program that the stores are made for, in small: recovers the jobs at its grant, runs those that have no result, cleans up those that have one. A job counts to the number that its graph names, and
 * keeps in checkpoints how far it has come. Says each thing when it is done.
 */
final class Dispatcher {
    private static final int RETAINED = 2;
    /** Every second checkpoint needs a blob. */
    private static final int LARGE = 40_000;

    private final String name;
    private final HighAvailabilityStores stores;
    private final JobResultStore results;
    private final Leadership leadership;
    private final ChildProgram.Speaker speaker;

    Dispatcher(String name, HighAvailabilityStores stores, Leadership leadership, ChildProgram.Speaker speaker) {
        this.name = name;
        this.stores = stores;
        this.results = stores.jobResults();
        this.leadership = leadership;
        this.speaker = speaker;
    }

    /** The graph of a job that counts to {@code steps}. */
    static byte[] graph(int steps) {
        return Integer.toString(steps).getBytes(StandardCharsets.US_ASCII);
    }

    void run() {
        for (JobResult dirty : join(results.dirtyResults(leadership))) {
            cleanUp(dirty.jobId());
        }
        Map<String, Integer> jobs = new TreeMap<>();
        join(stores.jobGraphs().recoverAll(leadership))
                .states()
                .forEach((job, graph) ->
                        jobs.put(job, Integer.parseInt(new String(graph.value(), StandardCharsets.US_ASCII))));
        speaker.say("recovered", Integer.toString(jobs.size()));
        jobs.forEach(this::run);
        speaker.say("idle");
    }

    private void run(String job, int steps) {
        if (join(results.hasResult(job))) {
            speaker.say("ghost", job); // it is cleaned up, and its graph is there
            return;
        }
        CheckpointStore<String> checkpoints = stores.checkpoints(job, RETAINED, Codec.text());
        CheckpointIdCounter ids = stores.checkpointIds(job);
        List<Checkpoint<String>> found = join(checkpoints.recover(leadership));
        int done = found.isEmpty()
                ? 0
                : Integer.parseInt(found.get(found.size() - 1).value().strip());
        speaker.say("starts", job, Integer.toString(done));
        while (done < steps) {
            done++;
            long id = join(ids.getAndIncrement(leadership));
            speaker.say("id", job, Long.toString(id));
            String value = Integer.toString(done);
            join(checkpoints.add(leadership, id, done % 2 == 0 ? value + " ".repeat(LARGE) : value));
            speaker.say("reached", job, value);
        }
        String who = name + "/" + leadership.fencingToken();
        join(results.createDirty(leadership, new JobResult(job, JobStatus.FINISHED, who)));
        speaker.say("finished", job, who);
        cleanUp(job);
    }

    private void cleanUp(String job) {
        join(stores.globalCleanup(leadership, job));
        join(results.markClean(leadership, job));
        speaker.say("cleaned", job);
    }
}
