package dev.ha.standalone;

import static dev.ha.standalone.Waiting.done;
import static dev.ha.standalone.Waiting.stays;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.tck.support.TestCandidacy;
import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two copies of this library in one JVM, as in an application server: neither may end the locks of the other (SAFETY F1). */
class FileClassLoadersTest {
    /** Loads this package by itself, and the rest as usual. */
    private static final class Copy extends URLClassLoader {
        private static final String PACKAGE = "dev.ha.standalone.";

        Copy() {
            super(
                    new URL[] {
                        FileBackendFactory.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                    },
                    FileClassLoadersTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                return name.startsWith(PACKAGE) ? findClass(name) : super.loadClass(name, resolve);
            }
        }

        HighAvailabilityBackend backend(TestContext context) throws ReflectiveOperationException {
            Class<?> factory = loadClass(FileBackendFactory.class.getName());
            assertThat(factory).isNotSameAs(FileBackendFactory.class);
            return ((HighAvailabilityBackendFactory)
                            factory.getDeclaredConstructor().newInstance())
                    .create(context);
        }
    }

    @Test
    void copiesExcludeEachOtherAndHandOver(@TempDir Path directory) throws Exception {
        Map<String, String> configuration = Map.of("high-availability.file.directory", directory.toString());
        try (Copy first = new Copy();
                Copy second = new Copy();
                TestContext firstContext =
                        new TestContext("high-availability.file.", FileServices.CLUSTER, configuration);
                TestContext secondContext =
                        new TestContext("high-availability.file.", FileServices.CLUSTER, configuration)) {
            HighAvailabilityBackend firstBackend = first.backend(firstContext);
            HighAvailabilityBackend secondBackend = second.backend(secondContext);
            Child other = new Child(directory);
            try {
                TestCandidacy leader = new TestCandidacy("e");
                LeaderElectionDriver leading = firstBackend.elect(leader);
                leader.granted();
                TestCandidacy waiting = new TestCandidacy("e");
                secondBackend.elect(waiting);
                TestFollowing following = new TestFollowing("e");
                var watch = secondBackend.retrieve(following);
                other.send("elect e");
                for (int i = 0; i < 20; i++) {
                    assertThat(done(watch.read()).holderToken())
                            .isEqualTo(leader.granted().fencingToken());
                }
                stays(
                        "nobody leads beside the first",
                        () -> !waiting.isGranted() && other.first("granted").isEmpty());

                other.kill();
                done(leading.close());
                assertThat(waiting.granted().fencingToken())
                        .isGreaterThan(leader.granted().fencingToken());
            } finally {
                other.kill();
                done(firstBackend.close());
                done(secondBackend.close());
            }
        }
    }
}
