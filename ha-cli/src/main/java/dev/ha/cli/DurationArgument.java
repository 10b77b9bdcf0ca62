package dev.ha.cli;

import dev.ha.spi.Option;
import java.time.Duration;
import java.util.Map;

/** Durations on the command line, in the forms that the configuration has. */
final class DurationArgument {
    private static final Option<Duration> VALUE = Option.duration("value", "A duration.");

    private DurationArgument() {}

    /**
     * Reads {@code text}.
     *
     * @param name of the option, with its dashes, for the error
     * @throws dev.ha.ConfigurationException if it is none
     */
    static Duration parse(String name, String text) {
        Option<Duration> option = Option.duration(name.substring(2), "A duration.");
        return option.read("--", Map.of(name, text));
    }

    static String show(Duration duration) {
        return VALUE.show(duration);
    }
}
