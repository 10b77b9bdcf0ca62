package dev.ha;

import dev.ha.core.Listing;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which keys there are, and what a configuration amounts to: for generated documentation and for tools such as
 * {@code ha doctor}. Connects to nothing; secrets are masked (rule 8.1).
 */
public final class ConfigurationReference {
    private ConfigurationReference() {}

    /**
     * All keys: those that every backend has, then those of each installed backend, by mode. Backends that can't be
     * loaded are left out and logged.
     *
     * @param classLoader where factories are looked for, as in {@link HighAvailability.Builder#classLoader}; null for
     *     the default
     * @return the keys
     */
    public static List<KnownKey> keys(@Nullable ClassLoader classLoader) {
        return Listing.keys(classLoader);
    }

    /**
     * What {@link HighAvailability.Builder#build()} would use for {@code configuration}.
     *
     * @param configuration flat or nested, as in {@link HighAvailability#create(Map)}
     * @param classLoader as for {@link #keys}
     * @return the backend and the values in use
     * @throws ConfigurationException as {@link HighAvailability.Builder#build()}
     */
    public static Resolved resolve(Map<?, ?> configuration, @Nullable ClassLoader classLoader) {
        return Listing.resolve(configuration, classLoader);
    }

    /**
     * One key.
     *
     * @param name in full, such as {@code high-availability.cluster-id}; ends with {@code .*} when it stands for free
     *     names
     * @param mode the backend that reads it; empty for all
     * @param type such as {@code duration}
     * @param defaultValue {@code required} where there is none, {@code none} where the key may be absent; masked if
     *     secret
     * @param requirement what a value must meet, such as {@code must be greater than 0}; empty without
     * @param secret whether the value is never shown
     * @param doc one line
     */
    public record KnownKey(
            String name,
            String mode,
            String type,
            String defaultValue,
            String requirement,
            boolean secret,
            String doc) {}

    /**
     * A configuration after discovery and all checks.
     *
     * @param mode of the factory, also when that was given by its class name
     * @param factoryClass class name of the factory
     * @param settings the keys that every backend has, then those of this one
     */
    public record Resolved(String mode, String factoryClass, List<Setting> settings) {}

    /**
     * The value in use for one key.
     *
     * @param name in full
     * @param value as text; masked if secret
     * @param source where it is from
     */
    public record Setting(String name, String value, Source source) {}

    /** Where a value is from. */
    public enum Source {
        /** The configuration. */
        CONFIGURED,
        /** The option itself. */
        DEFAULT
    }
}
