package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ElectTest {
    private static final String AT = "\\{\"at\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\",";
    private static final String LED = "\"session\":\"[0-9a-f-]{36}\",\"token\":\\d+";
    private static final String NOT_LED = "\"session\":null,\"token\":null";

    private final Path directory;

    ElectTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void tellsItsLifeInJsonAndResignsOnASignal(String signal) {
        try (Ha ha = new Ha.Setup(directory).start("elect", "reports", "--json", "--address", "here", "--probe")) {
            ha.awaitEvent("confirmed");
            ha.awaitEvent("valid");
            ha.signal(signal);
            assertThat(ha.exitCode()).isZero();
            assertThat(events(ha))
                    .containsSubsequence("started", "granted", "confirmed", "revoked", "closed")
                    .containsSubsequence("granted", "valid", "invalid", "closed")
                    .startsWith("started")
                    .endsWith("closed")
                    .hasSize(7);
            String election = "\"election\":\"reports\",";
            Map<String, String> forms = Map.of(
                    "started", NOT_LED,
                    "granted", LED,
                    "confirmed", LED + ",\"address\":\"here\"",
                    "valid", LED,
                    "invalid", LED,
                    "revoked", LED + ",\"reason\":\"[A-Z_]+\"",
                    "closed", NOT_LED);
            forms.forEach((event, form) -> assertThat(ha.awaitEvent(event))
                    .matches(AT + "\"event\":\"" + event + "\"," + election + form + "\\}"));
            assertThat(ha.lines()).isSorted();
        }
    }

    @Test
    void killedLeaderIsSucceededWithAGreaterToken() {
        Ha.Setup setup = new Ha.Setup(directory);
        try (Ha first = setup.start("elect", "reports", "--json")) {
            String before = first.awaitEvent("granted");
            try (Ha second = setup.start("elect", "reports", "--json")) {
                second.awaitEvent("started");
                first.signal("KILL");
                String after = second.awaitEvent("granted");
                assertThat(token(after)).isGreaterThan(token(before));
                second.signal("TERM");
                assertThat(second.exitCode()).isZero();
            }
        }
    }

    @Test
    void aHandleThatIsValidAfterAPauseIsToldAsSuch() {
        try (Ha ha = new Ha.Setup(directory).start("elect", "reports", "--json", "--probe")) {
            ha.awaitEvent("valid");
            ha.signal("STOP");
            Processes.letPass(Duration.ofMillis(700));
            ha.signal("CONT");
            ha.awaitEvent("stale-valid");
        }
    }

    @Test
    void writesForPeopleWithoutJson() {
        try (Ha ha = new Ha.Setup(directory).start("elect", "reports", "--address", "a\u001b[31mb")) {
            assertThat(ha.await("confirmed")).contains("election=reports", "token=", "address=a [31mb");
        }
    }

    static List<String> events(Ha ha) {
        return ha.lines().stream()
                .map(line -> ConfigFactory.parseString(line).getString("event"))
                .toList();
    }

    static long token(String line) {
        Config json = ConfigFactory.parseString(line);
        return json.getLong("token");
    }
}
