package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exit codes, configuration and help. */
final class MisuseTest {
    private final Path directory;
    private final Ha.Setup setup;

    MisuseTest(@TempDir Path directory) {
        this.directory = directory;
        setup = new Ha.Setup(directory);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-D high-availability.mod=file leader x|high-availability.mod (did you mean high-availability.mode?)",
                "-D high-availability.mode=fil leader x|high-availability.mode = 'fil'",
                "-D mode=file leader x|-D high-availability.mode=",
                "-D high-availability.close-timeout=soon leader x|high-availability.close-timeout = 'soon': must be a duration",
                "--config missing.conf leader x|missing.conf",
                "leader x --timeout soon|--timeout = 'soon': must be a duration",
                "leader|Missing required parameter: 'NAME'",
                "leaderr x|leaderr",
                "run x|COMMAND",
                "elect x --nonsense|--nonsense",
                "elect x --metrics-port 65536|--metrics-port 65536: a port is a number from 1 to 65535",
                "run --health-port -1 x -- true|--health-port -1: a port is",
                "elect x --health-port 0 --bind [::z]|--bind '[::z]': give an address of this machine",
                "watch x --exec true --grace soon|--grace = 'soon': must be a duration",
                "watch x --exec true --alert-on flap|--alert-on = 'flap': must be of elected, lost, restored",
                "watch x --alert-template t.json|need --alert-url or HA_ALERT_URL",
                "watch x --alert-url ftp://host/|the URL of the webhook",
                "watch x --alert-url http://h/ --alert-header missing|--alert-header missing can't be read",
            })
    void whatIsWrongIsNamedInOneLineAndExitsWith2(String example) {
        String[] parts = example.split("\\|", -1);
        Ha ha = setup.run(parts[0].split(" ", -1));
        assertThat(ha.exitCode()).isEqualTo(2);
        assertThat(ha.lines()).isEmpty();
        assertThat(ha.errors()).startsWith("ha: ").contains(parts[1]).doesNotContain("Exception", "\tat ");
    }

    @Test
    void anUnknownVariableIsAnErrorToo() {
        Ha ha = setup.with("HIGH_AVAILABILITY_CLUSTR_ID", "x").run("leader", "x");
        assertThat(ha.exitCode()).isEqualTo(2);
        assertThat(ha.errors()).contains("HIGH_AVAILABILITY_CLUSTR_ID", "HIGH_AVAILABILITY_CLUSTER_ID");
    }

    @Test
    void commandLineGoesBeforeEnvironmentBeforeFileBeforeDefaults() throws IOException {
        Path file = directory.resolve("ha.conf");
        Files.writeString(file, """
                high-availability {
                  mode = embedded
                  cluster-id = of-file
                  retry-wait = 200 ms
                  close-timeout = 7 s
                }
                """);
        Ha ha = setup.with("HA_CONFIG", file.toString())
                .with("HIGH_AVAILABILITY_TYPE", "none")
                .with("HIGH_AVAILABILITY_CLUSTER_ID", "of-environment")
                .with("HIGH_AVAILABILITY_RETRY_WAIT", "300 ms")
                .run("-D", "high-availability.cluster-id=of-command-line", "doctor", "--json");
        assertThat(ha.exitCode()).isZero();
        for (String setting : List.of(
                "mode\",\"value\":\"none\"",
                "cluster-id\",\"value\":\"of-command-line\"",
                "retry-wait\",\"value\":\"300 ms\"",
                "close-timeout\",\"value\":\"7 s\"",
                "resign-wait\",\"value\":\"1 s\",\"source\":\"default\"")) {
            ha.await("high-availability." + setting);
        }
    }

    @Test
    void propertiesAreReadAndOptionsMayFollowTheCommand() throws IOException {
        Path file = directory.resolve("ha.properties");
        Files.writeString(file, "high-availability.mode=none\nhigh-availability.cluster-id=of-properties\nother=1\n");
        Ha ha = setup.run("doctor", "--json", "--config", file.toString(), "-D", "high-availability.resign-wait=5s");
        assertThat(ha.exitCode()).isZero();
        ha.await("cluster-id\",\"value\":\"of-properties\"");
        ha.await("resign-wait\",\"value\":\"5 s\"");
    }

    @Test
    void aBrokenFileIsNamedWithItsLine() throws IOException {
        Path file = directory.resolve("ha.conf");
        Files.writeString(file, "high-availability {\n  mode = [file\n}\n");
        Ha ha = setup.run("--config", file.toString(), "leader", "x");
        assertThat(ha.exitCode()).isEqualTo(2);
        assertThat(ha.errors()).contains(file.toString(), "3:").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"elect", "watch", "leader", "run", "doctor", "demo"})
    void everyCommandHasHelp(String command) {
        Ha ha = setup.run(command, "--help");
        assertThat(ha.exitCode()).isZero();
        assertThat(ha.lines().get(0)).contains("Usage:", "ha " + command);
    }

    @Test
    void versionAndOverview() {
        Ha version = setup.run("--version");
        assertThat(version.exitCode()).isZero();
        assertThat(version.lines()).singleElement().asString().startsWith("ha ");

        Ha help = setup.run("--help");
        assertThat(help.exitCode()).isZero();
        assertThat(String.join("\n", help.lines())).contains("elect", "watch", "leader", "run", "doctor", "demo");

        assertThat(setup.run().exitCode()).isEqualTo(2);
    }
}
