package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server's name that can't be looked up in time. */
@Tag("once")
class LookupsTest {
    /** A hosts file that nobody ever writes to hangs every lookup, as a name server that is silent does; a JVM reads its name once, hence another one. */
    @Test
    void aLookupThatHangsCostsOneThreadHoweverOftenItIsTried(@TempDir Path directory) throws Exception {
        Path hosts = directory.resolve("hosts");
        assertThat(new ProcessBuilder("mkfifo", hosts.toString()).start().waitFor())
                .isZero();
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djdk.net.hosts.file=" + hosts,
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Hanging.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(output.strip()).isEqualTo("1 of at least 5");
        } finally {
            child.destroyForcibly();
        }
    }

    /** The other JVM. Tells how many threads look a name up when that was tried several times. */
    static final class Hanging {
        private static final int TRIES = 5;

        private Hanging() {}

        public static void main(String[] arguments) throws Exception {
            TestSession session = new TestSession("etcd.example:2379", Duration.ofSeconds(3), Duration.ofMinutes(1));
            session.loop().execute(session.session()::start);
            long[] tries = new long[1];
            while (tries[0] < TRIES) {
                TimeUnit.MILLISECONDS.sleep(100);
                session.loop()
                        .submit(() -> {
                            tries[0] = session.session().connection().generation();
                            return CompletableFuture.completedFuture(null);
                        })
                        .join();
            }
            System.out.println(lookingUp() + " of at least " + TRIES);
            Runtime.getRuntime().halt(0);
        }

        private static long lookingUp() {
            return Thread.getAllStackTraces().values().stream()
                    .map(List::of)
                    .filter(stack -> stack.stream()
                            .anyMatch(frame -> frame.getClassName().equals(InetAddress.class.getName())
                                    && frame.getMethodName().equals("getAllByName")))
                    .count();
        }
    }
}
