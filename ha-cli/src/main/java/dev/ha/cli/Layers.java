package dev.ha.cli;

import dev.ha.ConfigurationException;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Configurations on top of each other, key by key: a later one hides what an earlier one says of the same key. */
final class Layers {
    /** What every key starts with; by itself an old name of the mode. */
    static final String ROOT = "high-availability";

    static final String MODE = ROOT + ".mode";

    /** One key with three names. */
    static final Set<String> NAMES_OF_THE_MODE = Set.of(MODE, ROOT + ".type", ROOT);

    private final Map<String, Object> merged = new TreeMap<>();

    static boolean isOurs(String key) {
        return key.equals(ROOT) || key.startsWith(ROOT + ".");
    }

    /** Puts {@code configuration}, flat or nested, on top; keys of others are left out. */
    void add(Map<String, ?> configuration) {
        Map<String, Object> layer = new TreeMap<>();
        configuration.forEach((key, value) -> {
            if (isOurs(key)) {
                flatten(key, value, layer);
            }
        });
        Set<String> modes = new HashSet<>(layer.keySet());
        modes.retainAll(NAMES_OF_THE_MODE);
        if (!modes.isEmpty()) {
            merged.keySet().removeAll(NAMES_OF_THE_MODE);
        }
        merged.putAll(layer);
    }

    Map<String, Object> merged() {
        return merged;
    }

    private static void flatten(String key, @Nullable Object value, Map<String, Object> into) {
        if (value instanceof Map<?, ?> nested) {
            nested.forEach((name, child) -> flatten(key + "." + name, child, into));
        } else if (value != null) {
            Object former = into.putIfAbsent(key, value);
            if (former != null && !Objects.equals(former.toString(), value.toString())) {
                throw new ConfigurationException(
                        "conflicting-keys",
                        key + " is given twice, flat and nested, with different values; remove one");
            }
        }
    }
}
