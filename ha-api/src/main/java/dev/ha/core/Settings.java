package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.ConfigurationReference.Setting;
import dev.ha.ConfigurationReference.Source;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** One configuration: full keys with their raw values. Immutable. {@link Discovery#find} checks all of it. */
final class Settings {
    private final Map<String, Object> flat;

    private Settings(Map<String, Object> flat) {
        this.flat = flat;
    }

    /**
     * Reads a map that is flat, nested or mixed; keys not under {@code high-availability} are ignored. Checks no
     * values yet.
     *
     * @throws ConfigurationException {@code conflicting-keys} for two spellings of a key with different values
     */
    static Settings of(Map<?, ?> configuration) {
        return new Settings(FlatConfiguration.of(configuration));
    }

    /** Value of one of {@link CoreOptions}. */
    <T> T core(Option<T> option) {
        if (!CoreOptions.ALL.contains(option)) {
            throw new IllegalArgumentException(option.key() + " is not an option of the library");
        }
        return option.read(CoreOptions.PREFIX, flat);
    }

    /**
     * Value of an option of the backend.
     *
     * @throws IllegalArgumentException if the factory doesn't declare {@code option}: this very object
     */
    <T> T backend(HighAvailabilityBackendFactory factory, Option<T> option) {
        if (!factory.options().contains(option)) {
            throw new IllegalArgumentException(factory.getClass().getName() + " reads the option " + option.key()
                    + " but does not return it from options()");
        }
        return option.read(prefix(factory.mode()), flat);
    }

    /** The values in use, for people: those of the core, then those of the backend. Secrets are masked. */
    List<Setting> describe(HighAvailabilityBackendFactory factory) {
        List<Setting> settings = new ArrayList<>();
        CoreOptions.ALL.forEach(option -> describe(CoreOptions.PREFIX, option, settings));
        factory.options().forEach(option -> describe(prefix(factory.mode()), option, settings));
        return List.copyOf(settings);
    }

    /** The keys that are there, without {@link CoreOptions#PREFIX}, in alphabetical order. */
    Set<String> keys() {
        Set<String> keys = new TreeSet<>();
        flat.keySet().forEach(key -> keys.add(key.substring(CoreOptions.PREFIX.length())));
        return keys;
    }

    /** Reads every option once, so that a wrong value is told now and not at its first use. */
    void checkValues(String mode, List<Option<?>> options) {
        CoreOptions.ALL.forEach(option -> option.read(CoreOptions.PREFIX, flat));
        options.forEach(option -> option.read(prefix(mode), flat));
        Duration first = core(CoreOptions.RETRY_WAIT);
        Duration longest = core(CoreOptions.MAX_RETRY_WAIT);
        if (longest.compareTo(first) < 0) {
            throw new ConfigurationException(
                    "bad-value",
                    CoreOptions.PREFIX + CoreOptions.MAX_RETRY_WAIT.key() + " = '"
                            + CoreOptions.MAX_RETRY_WAIT.show(longest) + "': must be at least "
                            + CoreOptions.PREFIX + CoreOptions.RETRY_WAIT.key() + ", which is "
                            + CoreOptions.RETRY_WAIT.show(first));
        }
    }

    static String prefix(String mode) {
        return CoreOptions.PREFIX + mode + ".";
    }

    private <T> void describe(String prefix, Option<T> option, List<Setting> into) {
        String value = option.show(option.read(prefix, flat));
        boolean configured = flat.keySet().stream()
                .anyMatch(key -> key.startsWith(prefix) && Keys.covers(option, key.substring(prefix.length())));
        into.add(new Setting(prefix + option.key(), value, configured ? Source.CONFIGURED : Source.DEFAULT));
    }

    /** The keys; never a value, which may be a secret. */
    @Override
    public String toString() {
        return "Settings" + keys();
    }
}
