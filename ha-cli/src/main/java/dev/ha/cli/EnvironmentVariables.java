package dev.ha.cli;

import dev.ha.ConfigurationException;
import dev.ha.ConfigurationReference.KnownKey;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Keys that stand in the environment: {@code high-availability.cluster-id} is {@code HIGH_AVAILABILITY_CLUSTER_ID}.
 * Which dash and which dot an underscore stands for is found by the keys that there are.
 */
final class EnvironmentVariables {
    private static final String PREFIX = variable(Layers.ROOT);

    private EnvironmentVariables() {}

    /**
     * The keys among {@code environment}.
     *
     * @throws ConfigurationException for a variable that looks like a key and is none
     */
    static Map<String, String> read(Map<String, String> environment, List<KnownKey> keys) {
        Map<String, String> names = new TreeMap<>();
        Layers.NAMES_OF_THE_MODE.forEach(key -> names.put(variable(key), key));
        keys.stream()
                .map(KnownKey::name)
                .filter(key -> !key.endsWith(".*"))
                .forEach(key -> names.put(variable(key), key));
        Map<String, String> found = new TreeMap<>();
        environment.forEach((variable, value) -> {
            if (isKey(variable)) {
                String key = names.get(variable);
                if (key == null) {
                    throw new ConfigurationException(
                            "unknown-key",
                            "the environment variable " + variable
                                    + " stands for no key; correct or unset it (did you mean "
                                    + nearest(variable, names) + "?)");
                }
                found.put(key, value);
            }
        });
        return found;
    }

    /** Takes all keys, and what looks like one, out of {@code environment}. */
    static void remove(Map<String, String> environment) {
        environment.keySet().removeIf(EnvironmentVariables::isKey);
    }

    private static boolean isKey(String variable) {
        return variable.equals(PREFIX) || variable.startsWith(PREFIX + "_");
    }

    /** The one that begins alike for longest, which is what a slip of the pen leaves. */
    private static String nearest(String variable, Map<String, String> names) {
        return names.keySet().stream()
                .max(Comparator.comparingInt(name -> alike(name, variable)))
                .orElse(variable(Layers.MODE));
    }

    private static int alike(String one, String other) {
        int length = 0;
        while (length < Math.min(one.length(), other.length()) && one.charAt(length) == other.charAt(length)) {
            length++;
        }
        return length;
    }

    private static String variable(String key) {
        return key.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
    }
}
