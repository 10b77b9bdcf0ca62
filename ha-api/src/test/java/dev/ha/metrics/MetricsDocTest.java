package dev.ha.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the table in docs/metrics.md to the meters that there are. */
final class MetricsDocTest {
    private static final Path FILE = Path.of("../docs/metrics.md");

    @Test
    void theTableListsAllMeters() throws IOException {
        List<String> written = Files.readAllLines(FILE).stream()
                .filter(line -> line.matches("\\| `ha\\.[^|]+\\| (gauge|counter|timer) .*"))
                .toList();
        List<String> expected = Stream.of(HighAvailabilityMeter.values())
                .map(MetricsDocTest::row)
                .toList();
        assertThat(written)
                .as("the rows of the table in docs/metrics.md; expected:%n%s", String.join("\n", expected))
                .isEqualTo(expected);
    }

    private static String row(HighAvailabilityMeter meter) {
        String tags = meter.tags().isEmpty() ? "" : "`" + String.join("`, `", meter.tags()) + "`";
        return "| `%s` | %s | %s | %s |"
                .formatted(meter.meterName(), meter.type().name().toLowerCase(Locale.ROOT), tags, meter.description());
    }

    @Test
    void everyNameIsSpeltForPrometheusToo() throws IOException {
        String page = Files.readString(FILE);
        for (HighAvailabilityMeter meter : HighAvailabilityMeter.values()) {
            String base = meter.meterName().replace('.', '_');
            boolean seconds =
                    meter == HighAvailabilityMeter.LEASE_REMAINING || meter == HighAvailabilityMeter.RENEWAL_AGE;
            String name =
                    switch (meter.type()) {
                        case COUNTER -> base + "_total";
                        case TIMER -> base + "_seconds_count";
                        default -> seconds ? base + "_seconds" : base;
                    };
            assertThat(page).as("docs/metrics.md").contains("`" + name + "`");
        }
        assertThat(HighAvailabilityMeter.values())
                .allMatch(meter -> List.of(Meter.Type.GAUGE, Meter.Type.COUNTER, Meter.Type.TIMER)
                        .contains(meter.type()));
    }
}
