package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class JsonTest {
    @Test
    void everyTextSurvives() {
        String nasty = "\"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028 äöü 漢字 \ud83d\ude00";
        String json = new Json().with("text", nasty).toString();
        assertThat(json).doesNotContain("\n");
        assertThat(ConfigFactory.parseString(json, ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON))
                        .getString("text"))
                .isEqualTo(nasty);
    }

    @Test
    void halfACharacterIsEscaped() {
        assertThat(new Json().with("a\ud83d", "\ude00b").toString()).isEqualTo("{\"a\\ud83d\":\"\\ude00b\"}");
    }

    @Test
    void numbersBooleansAndNullAreNoTexts() {
        assertThat(new Json().with("n", 5L).with("b", true).with("x", null).toString())
                .isEqualTo("{\"n\":5,\"b\":true,\"x\":null}");
        assertThat(new Json().toString()).isEqualTo("{}");
    }

    @Test
    void timesAlwaysHaveMicroseconds() {
        Event event = Event.of("granted", "e").with("token", 5);
        assertThat(event.line(Instant.ofEpochSecond(0), true))
                .isEqualTo(
                        "{\"at\":\"1970-01-01T00:00:00.000000Z\",\"event\":\"granted\",\"election\":\"e\",\"token\":5}");
        assertThat(event.line(Instant.ofEpochSecond(0, 123_456_789), true)).contains("00:00:00.123456Z");
    }
}
