package dev.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ha.ConfigurationReference.KnownKey;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ConfigurationReferenceTest {
    @Test
    void keysBeginWithThoseOfEveryBackend() {
        assertThat(ConfigurationReference.keys(null))
                .contains(new KnownKey(
                        "high-availability.close-timeout",
                        "",
                        "duration",
                        "30 s",
                        "must be greater than 0",
                        false,
                        "Longest that close waits for contenders and for the backend."))
                .first()
                .extracting(KnownKey::name)
                .isEqualTo("high-availability.mode");
    }

    @Test
    void resolveRefusesWhatBuildRefuses() {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> ConfigurationReference.resolve(Map.of("high-availability.mode", "nowhere"), null))
                .withMessageContaining("'nowhere'");
    }
}
