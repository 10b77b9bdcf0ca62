package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ha leader} and {@code ha watch}. */
final class FollowerTest {
    private final Path directory;
    private final Ha.Setup setup;

    FollowerTest(@TempDir Path directory) {
        this.directory = directory;
        setup = new Ha.Setup(directory);
    }

    @Test
    void nobodyLeads() {
        Ha leader = setup.run("leader", "reports");
        assertThat(leader.exitCode()).isEqualTo(3);
        assertThat(leader.lines()).isEmpty();
        assertThat(leader.errors()).contains("nobody leads reports");

        Ha asJson = setup.run("leader", "reports", "--json");
        assertThat(asJson.exitCode()).isEqualTo(3);
        assertThat(asJson.lines())
                .singleElement()
                .asString()
                .contains(
                        "\"event\":\"no-leader\",\"election\":\"reports\",\"address\":null,\"session\":null,\"token\":null");
    }

    @Test
    void leaderIsTold() {
        try (Ha elect = setup.start("elect", "reports", "--json", "--address", "http://10.0.0.7:8080")) {
            long token = ElectTest.token(elect.awaitEvent("confirmed"));

            Ha leader = setup.run("leader", "reports", "--timeout", "20s");
            assertThat(leader.exitCode()).isZero();
            assertThat(leader.lines()).singleElement().asString().startsWith("http://10.0.0.7:8080\t" + token + "\t");

            Ha asJson = setup.run("leader", "reports", "--json");
            assertThat(asJson.exitCode()).isZero();
            assertThat(asJson.lines())
                    .singleElement()
                    .asString()
                    .contains(
                            "\"event\":\"leader\"",
                            "\"address\":\"http://10.0.0.7:8080\"",
                            "\"token\":" + token,
                            "\"reason\":");
        }
    }

    @Test
    void watchTellsEveryChangeUntilSigterm() {
        try (Ha watch = setup.start("watch", "reports", "--json")) {
            watch.awaitEvent("no-leader");
            try (Ha elect = setup.start("elect", "reports", "--json", "--address", "here")) {
                elect.awaitEvent("confirmed");
                assertThat(watch.awaitEvent("leader"))
                        .contains("\"address\":\"here\"", "\"session\":\"", "\"reason\":\"");
                elect.signal("TERM");
                assertThat(elect.exitCode()).isZero();
            }
            Processes.await("the end of the leader is told", () -> watch.lines().size() == 3);
            watch.signal("TERM");
            assertThat(watch.exitCode()).isZero();
            assertThat(ElectTest.events(watch)).isEqualTo(List.of("no-leader", "leader", "no-leader"));
        }
    }

    @Test
    void watchEndsWhenNobodyReadsItAnyMore() {
        Ha.Setup piped = new Ha.Setup(directory).within("{ \"$@\"; echo \"$?\" >code; } | head -n 1");
        try (Ha watch = piped.start("watch", "reports", "--json")) {
            watch.awaitEvent("no-leader");
            try (Ha elect = setup.start("elect", "reports", "--json")) {
                elect.awaitEvent("confirmed");
                assertThat(watch.exitCode()).isZero();
                assertThat(directory.resolve("code")).hasContent("0");
            }
        }
    }
}
