package dev.ha.cli;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads a configuration file in the form that its name says. */
final class ConfigurationFile {
    /** Without any configuration: needs no server, and works among the processes of one machine. */
    static final Map<String, Object> DEFAULTS = Map.of(Layers.MODE, "file");

    private ConfigurationFile() {}

    static Map<String, Object> read(Path file) {
        String name = file.toString();
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw unreadable(file, "is no readable file; name one with --config or HA_CONFIG", null);
        }
        if (name.endsWith(".properties")) {
            return properties(file);
        }
        if (name.endsWith(".conf") || name.endsWith(".json")) {
            return hocon(file);
        }
        throw unreadable(file, "has an unknown form; use .conf (HOCON), .json or .properties", null);
    }

    private static Map<String, Object> properties(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException malformed) {
            throw unreadable(file, "can't be read: " + malformed.getMessage(), malformed);
        }
        Map<String, Object> values = new TreeMap<>();
        properties.stringPropertyNames().forEach(key -> values.put(key, properties.getProperty(key)));
        return values;
    }

    private static Map<String, Object> hocon(Path file) {
        try {
            return ConfigFactory.parseFile(file.toFile()).resolve().root().unwrapped();
        } catch (ConfigException malformed) {
            throw unreadable(file, "can't be read: " + malformed.getMessage(), malformed);
        }
    }

    private static Misuse unreadable(Path file, String problem, @Nullable Exception cause) {
        return new Misuse("configuration file " + file + " " + problem, cause);
    }
}
