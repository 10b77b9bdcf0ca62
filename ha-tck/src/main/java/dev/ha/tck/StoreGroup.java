package dev.ha.tck;

import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.Leadership;
import dev.ha.store.Codec;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobResult;
import dev.ha.store.JobStatus;
import dev.ha.tck.Scenario.Node;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;

/**
 * What is built on entries (chapter 6 of the specification, from 6.11 on): words that its tests share. A backend passes them by what it does with entries; but that it
 * does only as a whole.
 */
abstract class StoreGroup extends RuleGroup {
    static final String ENGINE = "this is the library's own work, on what the backend does with entries";
    static final int LARGE = 100_000;

    StoreGroup(BackendContract contract) {
        super(contract);
    }

    static HighAvailabilityStores stores(Node node) {
        return node.services().stores(ELECTION);
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    static InputStream stream(byte[] data) {
        return new ByteArrayInputStream(data);
    }

    final <T> T done(CompletionStage<T> stage, String what) {
        return expect().completes(stage, what, ENGINE);
    }

    final byte[] read(HighAvailabilityStores stores, String jobId, String key) {
        InputStream data = done(stores.blobs().get(jobId, key), "the blob can be opened")
                .orElseThrow(() -> expect().broken("a blob", "nothing", ENGINE));
        try (data) {
            return data.readAllBytes();
        } catch (IOException e) {
            throw expect().broken("the blob can be read", e, ENGINE);
        }
    }

    final List<Path> blobFiles() {
        return TemporaryDirectory.files(scenario().storage());
    }

    /** Something of everything. */
    final void fill(HighAvailabilityStores stores, Leadership leadership) {
        done(stores.jobGraphs().put(leadership, "job", random(LARGE)), "a leader writes");
        done(stores.checkpoints("job", 1, Codec.bytes()).add(leadership, 1, random(LARGE)), "a leader writes");
        done(stores.checkpointIds("job").getAndIncrement(leadership), "a leader writes");
        done(stores.blobs().put(leadership, "job", "key", stream(random(LARGE))), "a leader writes");
        JobResult result = new JobResult("job", JobStatus.FINISHED, "");
        done(stores.jobResults().createDirty(leadership, result), "a leader writes");
    }
}
