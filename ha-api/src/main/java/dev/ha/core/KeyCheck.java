package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.spi.Option;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses keys that nobody reads: most are misspelt, and their author believes they have an effect.
 *
 * <p>Known are the core's keys, those of the backend in use, those of every other installed backend (one file may
 * serve several environments), all below the mode of a built-in backend that isn't installed, and a few of Flink's
 * without meaning here. The last two are told in the log. Keys are without {@code high-availability.} here.
 */
final class KeyCheck {
    private static final Logger LOG = LoggerFactory.getLogger(KeyCheck.class);

    private final Map<String, List<Option<?>>> optionsByMode = new TreeMap<>();
    private final Set<String> uncheckedModes = new TreeSet<>(CoreOptions.BUILT_IN.keySet());

    private KeyCheck(InstalledBackend chosen, InstalledBackends installed) {
        optionsByMode.put(chosen.mode(), chosen.options());
        Set<String> undeclared = new TreeSet<>();
        for (InstalledBackend other : installed.all()) {
            if (!other.mode().equals(chosen.mode()) && !declare(other)) {
                undeclared.add(other.mode());
            }
        }
        optionsByMode.keySet().removeAll(undeclared);
        uncheckedModes.removeAll(optionsByMode.keySet());
        uncheckedModes.addAll(undeclared);
    }

    /**
     * Checks all keys.
     *
     * @throws ConfigurationException {@code unknown-key}, with all of them and the nearest known key of each
     */
    static void check(Set<String> keys, InstalledBackend chosen, InstalledBackends installed) {
        KeyCheck check = new KeyCheck(chosen, installed);
        List<String> unknown = new ArrayList<>();
        List<String> meaningless = new ArrayList<>();
        List<String> unchecked = new ArrayList<>();
        for (String key : keys) {
            if (CoreOptions.WITHOUT_MEANING.contains(key)) {
                meaningless.add(CoreOptions.PREFIX + key);
            } else if (check.isUnchecked(key)) {
                unchecked.add(CoreOptions.PREFIX + key);
            } else if (!check.isKnown(key)) {
                unknown.add(check.explain(key));
            }
        }
        if (!unknown.isEmpty()) {
            String hidden = installed.broken().isEmpty()
                    ? ""
                    : "; backends that can't be loaded: " + installed.broken().keySet();
            throw new ConfigurationException(
                    "unknown-key",
                    "nobody reads " + String.join(", nor ", unknown) + "; correct or remove it" + hidden);
        }
        tell("ignored, because these keys have no meaning yet: {}", meaningless);
        tell("ignored, because the backends of these keys are not installed or broken: {}", unchecked);
    }

    private static void tell(String message, List<String> keys) {
        if (!keys.isEmpty()) {
            LOG.info(message, String.join(", ", keys));
        }
    }

    /** Adds its keys, unless it is broken; two factories may have one mode as long as it isn't in use. */
    private boolean declare(InstalledBackend other) {
        try {
            optionsByMode
                    .computeIfAbsent(other.mode(), mode -> new ArrayList<>())
                    .addAll(other.options());
            return true;
        } catch (ConfigurationException wrong) {
            LOG.warn("a high-availability backend that is not in use is broken", wrong);
            return false;
        }
    }

    private boolean isUnchecked(String key) {
        return key.indexOf('.') > 0 && uncheckedModes.contains(modeOf(key));
    }

    private boolean isKnown(String key) {
        if (CoreOptions.ALL.stream().anyMatch(option -> Keys.covers(option, key))) {
            return true;
        }
        String mode = modeOf(key);
        List<Option<?>> options = optionsByMode.getOrDefault(mode, List.of());
        return key.length() > mode.length()
                && options.stream().anyMatch(option -> Keys.covers(option, key.substring(mode.length() + 1)));
    }

    private String explain(String key) {
        String known = Spelling.nearest(key, knownKeys())
                .or(() -> withNearestLastWord(key))
                .or(() -> withNearestMode(key))
                .map(near -> "did you mean " + CoreOptions.PREFIX + near + "?")
                .orElseGet(() -> "known are " + String.join(", ", neighbours(key)));
        return CoreOptions.PREFIX + key + " (" + known + ")";
    }

    /** A key of the same backend, when only words between the first and the last are missing or too many. */
    private Optional<String> withNearestLastWord(String key) {
        Map<String, String> keysByLastWord = new TreeMap<>();
        for (String known : knownKeys()) {
            if (modeOf(known).equals(modeOf(key))) {
                keysByLastWord.putIfAbsent(lastWordOf(known), known);
            }
        }
        return Spelling.nearest(lastWordOf(key), keysByLastWord.keySet()).map(keysByLastWord::get);
    }

    /** The key, when the backend it is for isn't installed but can be guessed from the mode. */
    private Optional<String> withNearestMode(String key) {
        String mode = modeOf(key);
        return Spelling.nearest(mode, uncheckedModes)
                .map(near -> near + key.substring(mode.length()))
                .filter(this::isUnchecked);
    }

    /**
     * What may stand where {@code key} stands: the keys of its backend, or those of the core and the names of the
     * backends.
     */
    private Set<String> neighbours(String key) {
        String mode = modeOf(key);
        Set<String> neighbours = new TreeSet<>();
        optionsByMode.getOrDefault(mode, List.of()).forEach(option -> neighbours.add(mode + "." + option.key()));
        if (neighbours.isEmpty()) {
            CoreOptions.ALL.forEach(option -> neighbours.add(option.key()));
            optionsByMode.keySet().forEach(other -> neighbours.add(other + ".*"));
        }
        return neighbours;
    }

    private Set<String> knownKeys() {
        Set<String> known = new TreeSet<>();
        CoreOptions.ALL.forEach(option -> known.add(option.key()));
        optionsByMode.forEach((mode, options) -> options.forEach(option -> known.add(mode + "." + option.key())));
        return known;
    }

    private static String modeOf(String key) {
        int dot = key.indexOf('.');
        return dot < 0 ? key : key.substring(0, dot);
    }

    private static String lastWordOf(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }
}
