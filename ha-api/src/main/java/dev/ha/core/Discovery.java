package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the factory that a configuration names, and never guesses: no match, two matches or a factory that can't be
 * loaded is an error which names all that was found.
 *
 * <p>A broken factory matters when the one asked for is not among the working ones: it may be it. Otherwise it is
 * logged as a warning, since a damaged jar of a backend that nobody uses is no reason to refuse to start.
 */
final class Discovery {
    private static final Logger LOG = LoggerFactory.getLogger(Discovery.class);
    private static final String BY_CLASS_NAME = "FACTORY_CLASS";

    private final Settings settings;
    private final List<ClassLoader> loaders;
    private final InstalledBackends installed;

    private Discovery(Settings settings, @Nullable ClassLoader classLoader) {
        this.settings = settings;
        this.loaders = loaders(classLoader);
        this.installed = InstalledBackends.find(loaders);
    }

    /**
     * The factory named by the configuration, every key and value of which has been checked then.
     *
     * @param classLoader where to look first; null for the context class loader. The library's own is asked too,
     *     unless it is a parent of it.
     * @throws ConfigurationException for whatever is wrong, each kind with its own anchor in {@code docs/errors.md}
     */
    static HighAvailabilityBackendFactory find(Settings settings, @Nullable ClassLoader classLoader) {
        Discovery discovery = new Discovery(settings, classLoader);
        InstalledBackend backend = discovery.choose();
        discovery
                .installed
                .broken()
                .forEach((what, why) ->
                        LOG.warn("a high-availability backend that is not in use can't be loaded: {}", what));
        KeyCheck.check(settings.keys(), backend, discovery.installed);
        settings.checkValues(backend.mode(), backend.options());
        return backend.factory();
    }

    /** The given loader, or the context class loader; and the library's own if that is not one of its parents. */
    static List<ClassLoader> loaders(@Nullable ClassLoader given) {
        ClassLoader own = Objects.requireNonNullElseGet(
                HighAvailabilityBackendFactory.class.getClassLoader(), ClassLoader::getSystemClassLoader);
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        ClassLoader first = given != null ? given : context != null ? context : own;
        for (ClassLoader loader = first; loader != null; loader = loader.getParent()) {
            if (loader == own) {
                return List.of(first);
            }
        }
        return List.of(first, own);
    }

    private InstalledBackend choose() {
        if (!settings.keys().contains(CoreOptions.MODE.key())) {
            String misspelt = Spelling.nearest(CoreOptions.MODE.key(), settings.keys())
                    .map(key -> " (or is it written " + CoreOptions.PREFIX + key + "?)")
                    .orElse("");
            throw new ConfigurationException(
                    "missing-key",
                    CoreOptions.PREFIX + "mode is missing" + misspelt
                            + "; set it to the mode or the factory's class name of a backend; " + installed);
        }
        String mode = settings.core(CoreOptions.MODE);
        Optional<String> factoryClass = settings.core(CoreOptions.FACTORY_CLASS);
        if (mode.equalsIgnoreCase(BY_CLASS_NAME)) {
            return byClassName(
                    CoreOptions.FACTORY_CLASS,
                    factoryClass.orElseThrow(() -> new ConfigurationException(
                            "missing-factory-class",
                            setting(CoreOptions.MODE, mode) + " needs " + CoreOptions.PREFIX
                                    + "factory-class, the class name of a factory; " + installed)));
        }
        if (factoryClass.isPresent()) {
            throw new ConfigurationException(
                    "unexpected-factory-class",
                    setting(CoreOptions.FACTORY_CLASS, factoryClass.get()) + " counts only with "
                            + setting(CoreOptions.MODE, BY_CLASS_NAME) + ", but "
                            + setting(CoreOptions.MODE, mode) + "; remove one of them");
        }
        return byMode(mode);
    }

    private InstalledBackend byMode(String written) {
        String lower = written.toLowerCase(Locale.ROOT);
        String mode = lower.equals("standalone") ? "none" : lower;
        List<InstalledBackend> matches = installed.withMode(mode);
        if (matches.size() > 1) {
            throw new ConfigurationException(
                    "ambiguous-backend",
                    setting(CoreOptions.MODE, written) + " fits more than one factory: " + matches
                            + "; remove all but one jar, or choose by " + setting(CoreOptions.MODE, BY_CLASS_NAME));
        }
        if (matches.size() == 1) {
            return matches.get(0);
        }
        if (written.contains(".") || isClassInDefaultPackage(written)) {
            return byClassName(CoreOptions.MODE, written);
        }
        throw noMatch(written, mode);
    }

    private boolean isClassInDefaultPackage(String name) {
        try {
            return FactoryClass.find(name, loaders).isPresent();
        } catch (LinkageError notThisOne) {
            // A file of that name in other case, on a file system that ignores case.
            return false;
        }
    }

    private InstalledBackend byClassName(Option<?> key, String name) {
        String setting = setting(key, name);
        try {
            Class<?> type = FactoryClass.find(name, loaders)
                    .orElseThrow(() -> new ConfigurationException(
                            "factory-not-found",
                            setting + " is not on the class path; correct the class name or add its jar; "
                                    + installed));
            return InstalledBackend.of(FactoryClass.instantiate(setting, type));
        } catch (LinkageError failure) {
            throw new ConfigurationException(
                    "broken-backend",
                    setting + " can't be loaded: " + failure
                            + "; add what is missing, or a version that was built for this library and this Java",
                    failure);
        }
    }

    private ConfigurationException noMatch(String written, String mode) {
        String setting = setting(CoreOptions.MODE, written);
        String artifact = CoreOptions.BUILT_IN.get(mode);
        String remedy = artifact != null
                ? "add io.github.ha-services:" + artifact + " to the class path"
                : Spelling.nearest(mode, installed.modes())
                        .map(near -> "did you mean '" + near + "'?")
                        .orElse("add the jar of such a backend, or correct the mode");
        if (installed.broken().isEmpty()) {
            return new ConfigurationException("no-backend", setting + " has no backend; " + remedy + "; " + installed);
        }
        ConfigurationException broken = new ConfigurationException(
                "broken-backend",
                setting
                        + " has no backend that can be loaded; repair what is not loadable if it is that one, otherwise "
                        + remedy + "; " + installed);
        installed.broken().values().forEach(broken::addSuppressed);
        return broken;
    }

    private static String setting(Option<?> key, String value) {
        return CoreOptions.PREFIX + key.key() + " = '" + CoreOptions.MODE.show(value) + "'";
    }
}
