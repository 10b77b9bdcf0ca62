package dev.ha.core;

import dev.ha.ConfigurationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A configuration as full keys and leaf values, from one that is flat, nested or both. Keys outside
 * {@code high-availability} are dropped; so are nulls, which HOCON and YAML write for "not set". Never puts a value
 * into a message: whether it is a secret is not known yet.
 */
final class FlatConfiguration {
    private static final String ROOT = "high-availability";
    private static final String MODE = CoreOptions.PREFIX + CoreOptions.MODE.key();

    private final Map<String, Object> values = new TreeMap<>();

    private FlatConfiguration() {}

    /** Full keys and their values: texts, numbers, booleans, lists, whatever a parser made; never null, never a map. */
    static Map<String, Object> of(Map<?, ?> configuration) {
        FlatConfiguration flat = new FlatConfiguration();
        configuration.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (name.equals(ROOT) || name.startsWith(CoreOptions.PREFIX)) {
                flat.add(name, value);
            }
        });
        flat.resolveAlias(ROOT);
        flat.resolveAlias(CoreOptions.PREFIX + CoreOptions.MODE_ALIAS);
        return flat.values;
    }

    private void add(String path, @Nullable Object value) {
        if (value instanceof Map<?, ?> nested) {
            nested.forEach((key, child) -> add(path + "." + key, child));
        } else if (value != null) {
            Object leaf = leaf(value);
            Object former = values.putIfAbsent(path, leaf);
            if (former != null && !isSame(former, leaf)) {
                throw new ConfigurationException(
                        "conflicting-keys",
                        path + " is given twice, flat and nested, with different values; remove one");
            }
        }
    }

    /** Makes the mode out of another spelling of it; both are fine when they agree. */
    private void resolveAlias(String alias) {
        Object value = values.remove(alias);
        if (value == null) {
            return;
        }
        Object mode = values.putIfAbsent(MODE, value);
        if (mode != null
                && !mode.toString().strip().equalsIgnoreCase(value.toString().strip())) {
            throw new ConfigurationException(
                    "conflicting-keys",
                    MODE + " = '" + show(mode) + "' and its alias " + alias + " = '" + show(value)
                            + "' name different backends; remove one, best the alias");
        }
    }

    private static String show(Object mode) {
        return CoreOptions.MODE.show(mode.toString());
    }

    /** What the caller can't change afterwards. */
    private static Object leaf(Object value) {
        if (value instanceof Object[] array) {
            return Collections.unmodifiableList(Arrays.asList(array.clone()));
        }
        return value instanceof Collection<?> list ? Collections.unmodifiableList(new ArrayList<>(list)) : value;
    }

    /** Parsers return one value in several forms: 5 and "5", a list and its elements with commas. */
    private static boolean isSame(Object one, Object other) {
        if (one instanceof Collection || other instanceof Collection) {
            return elements(one).equals(elements(other));
        }
        return one.toString().equals(other.toString());
    }

    private static List<String> elements(Object value) {
        Collection<?> elements = value instanceof Collection<?> list
                ? list
                : List.of(value.toString().split(",", -1));
        return elements.stream().map(element -> String.valueOf(element).strip()).toList();
    }
}
