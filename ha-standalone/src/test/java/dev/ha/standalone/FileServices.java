package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;

import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.tck.support.TestContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Backends of mode file in one directory, closed together. */
final class FileServices {
    static final String CLUSTER = "test";

    private final Path directory;
    private final List<AutoCloseable> open = new ArrayList<>();

    FileServices(Path directory) {
        this.directory = directory;
    }

    HighAvailabilityBackend backend() {
        return backend(CLUSTER);
    }

    HighAvailabilityBackend backend(String clusterId) {
        return backend(context(clusterId));
    }

    HighAvailabilityBackend backend(TestContext context) {
        HighAvailabilityBackend backend = new FileBackendFactory().create(context);
        open.add(() -> done(backend.close()));
        open.add(context);
        return backend;
    }

    TestContext context(String clusterId) {
        return new TestContext(
                "high-availability.file.", clusterId, Map.of("high-availability.file.directory", directory.toString()));
    }

    /** The directory of an election of {@link #CLUSTER}, whose name needs no encoding. */
    Path election(String name) {
        return directory.resolve(CLUSTER).resolve(name);
    }

    void closeAll() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        open.clear();
    }
}
