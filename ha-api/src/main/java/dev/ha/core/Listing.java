package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.ConfigurationReference.KnownKey;
import dev.ha.ConfigurationReference.Resolved;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@link dev.ha.ConfigurationReference} tells; public only because that one is in another package. */
public final class Listing {
    private static final Logger LOG = LoggerFactory.getLogger(Listing.class);

    private Listing() {}

    /**
     * As {@link dev.ha.ConfigurationReference#keys}.
     *
     * @param classLoader where factories are looked for
     * @return the keys
     */
    public static List<KnownKey> keys(@Nullable ClassLoader classLoader) {
        List<KnownKey> keys = new ArrayList<>();
        CoreOptions.ALL.forEach(option -> keys.add(key("", CoreOptions.PREFIX, option)));
        InstalledBackends installed = InstalledBackends.find(Discovery.loaders(classLoader));
        installed.broken().keySet().forEach(what -> LOG.warn("left out, because it can't be loaded: {}", what));
        for (InstalledBackend backend : installed.all()) {
            try {
                backend.options()
                        .forEach(option -> keys.add(key(backend.mode(), Settings.prefix(backend.mode()), option)));
            } catch (ConfigurationException wrong) {
                LOG.warn("left out, because its keys are declared wrongly: {}", backend, wrong);
            }
        }
        return List.copyOf(keys);
    }

    /**
     * As {@link dev.ha.ConfigurationReference#resolve}.
     *
     * @param configuration flat or nested
     * @param classLoader where factories are looked for
     * @return the backend and the values in use
     */
    public static Resolved resolve(Map<?, ?> configuration, @Nullable ClassLoader classLoader) {
        Settings settings = Settings.of(configuration);
        HighAvailabilityBackendFactory factory = Discovery.find(settings, classLoader);
        return new Resolved(factory.mode(), factory.getClass().getName(), settings.describe(factory));
    }

    private static KnownKey key(String mode, String prefix, Option<?> option) {
        return new KnownKey(
                prefix + option.key(),
                mode,
                option.typeName(),
                option.defaultText(),
                option.requirement(),
                option.isSecret(),
                option.doc());
    }
}
