package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoTest {
    private final Path directory;

    DemoTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void killsTwoLeadersShowsTheTakeoversAndLeavesNothing() throws IOException {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        long began = System.nanoTime();
        Set<ProcessHandle> children = new HashSet<>();
        try (Ha ha = new Ha.Setup(directory)
                .withJava("-Djava.io.tmpdir=" + temporary)
                .with("HIGH_AVAILABILITY_MODE", "nonsense, as the demo needs no configuration")
                .start("demo")) {
            while (ha.isAlive() && System.nanoTime() - began < Ha.LIMIT.toNanos()) {
                ProcessHandle.of(ha.pid()).ifPresent(demo -> demo.descendants().forEach(children::add));
            }
            assertThat(ha.exitCode()).as(ha.errors()).isZero();
            assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(30));
            assertThat(ha.lines())
                    .filteredOn(line -> line.startsWith("kill -9 "))
                    .hasSize(2);
            assertThat(ha.lines())
                    .filteredOn(line -> line.matches("\\w+ took over after \\d+\\.\\d ms;.*"))
                    .hasSize(2);
            assertThat(String.join("", ha.lines())).doesNotContain("\u001b");
        }
        assertThat(children).hasSizeGreaterThanOrEqualTo(5).noneMatch(ProcessHandle::isAlive);
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void leavesNothingWhenItIsInterrupted() throws IOException {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        try (Ha ha = new Ha.Setup(directory)
                .withJava("-Djava.io.tmpdir=" + temporary)
                .start("demo")) {
            ha.await("leads");
            ha.signal("INT");
            assertThat(ha.exitCode()).isEqualTo(130);
        }
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).isEmpty();
        }
    }
}
