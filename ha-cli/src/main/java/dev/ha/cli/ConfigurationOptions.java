package dev.ha.cli;

import dev.ha.ConfigurationException;
import dev.ha.ConfigurationReference;
import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** What a user says about the configuration, before or after the name of the command. */
final class ConfigurationOptions {
    private static final String CONFIG = "--config";
    private static final String KEY = "-D";
    static final String CONFIG_VARIABLE = "HA_CONFIG";

    @Option(
            names = CONFIG,
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Configuration: HOCON (.conf), JSON (.json) or properties (.properties). "
                    + "Default: the environment variable HA_CONFIG.")
    private @Nullable Path file;

    @Option(
            names = KEY,
            paramLabel = "key=value",
            scope = ScopeType.INHERIT,
            description = "One key, such as -D high-availability.mode=file; goes before everything else.")
    private Map<String, String> keys = new LinkedHashMap<>();

    /**
     * The configuration: what {@code -D} says, else the environment, else the file, else mode {@code file}.
     *
     * @throws Misuse if a file can't be read
     * @throws ConfigurationException for a variable or a {@code -D} that is no key of this library
     */
    Map<String, Object> load() {
        Map<String, String> environment = System.getenv();
        Layers layers = new Layers();
        layers.add(ConfigurationFile.DEFAULTS);
        String variable = environment.getOrDefault(CONFIG_VARIABLE, "");
        Path from = file == null && !variable.isEmpty() ? Path.of(variable) : file;
        if (from != null) {
            layers.add(ConfigurationFile.read(from));
        }
        layers.add(EnvironmentVariables.read(environment, ConfigurationReference.keys(null)));
        keys.keySet().forEach(ConfigurationOptions::checkName);
        layers.add(keys);
        return layers.merged();
    }

    HighAvailabilityServices services() {
        return HighAvailability.create(load());
    }

    /** The same options once more, for another {@code ha} that is to see the same configuration. */
    List<String> asArguments() {
        List<String> arguments = new ArrayList<>();
        if (file != null) {
            arguments.add(CONFIG);
            arguments.add(file.toString());
        }
        keys.forEach((key, value) -> {
            arguments.add(KEY);
            arguments.add(key + "=" + value);
        });
        return arguments;
    }

    private static void checkName(String key) {
        if (!Layers.isOurs(key)) {
            throw new ConfigurationException(
                    "unknown-key",
                    "-D " + key + "=...: nobody reads this key; all keys start with " + Layers.ROOT + ", so perhaps -D "
                            + Layers.ROOT + "." + key + "=...");
        }
    }
}
