package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A factory that could be made and has a mode.
 *
 * @param factory the factory
 * @param mode what its mode() said
 */
record InstalledBackend(HighAvailabilityBackendFactory factory, String mode) {
    private static final Pattern MODE = Pattern.compile("[a-z][a-z0-9-]*");

    /**
     * Asks the factory for its mode.
     *
     * @throws ConfigurationException {@code bad-mode} if it doesn't answer with a mode, or with a name that has
     *     another meaning
     */
    static InstalledBackend of(HighAvailabilityBackendFactory factory) {
        String mode;
        try {
            mode = factory.mode();
        } catch (RuntimeException | LinkageError failure) {
            throw new ConfigurationException(
                    "bad-mode", describe(factory) + ": mode() failed with " + failure, failure);
        }
        if (mode == null
                || !MODE.matcher(mode).matches()
                || CoreOptions.reserved().contains(mode)) {
            throw new ConfigurationException(
                    "bad-mode",
                    describe(factory) + ": mode() is '" + mode
                            + "'; its author must make it lower-case letters, digits and '-', and no key of the library");
        }
        return new InstalledBackend(factory, mode);
    }

    /**
     * The options it declares.
     *
     * @throws ConfigurationException {@code bad-options} if it doesn't answer with options, {@code duplicate-option}
     *     if one key is two options
     */
    List<Option<?>> options() {
        Collection<Option<?>> options;
        try {
            options = factory.options();
        } catch (RuntimeException | LinkageError failure) {
            throw new ConfigurationException("bad-options", this + ": options() failed with " + failure, failure);
        }
        if (options == null) {
            throw new ConfigurationException(
                    "bad-options", this + ": options() is null; its author must return a list");
        }
        List<Option<?>> seen = new ArrayList<>();
        for (Option<?> option : options) {
            if (option == null) {
                throw new ConfigurationException(
                        "bad-options",
                        this + ": options() has a null in it: " + seen + "; a constant is used before it is set");
            }
            for (Option<?> former : seen) {
                if (Keys.covers(former, option.key()) || Keys.covers(option, former.key())) {
                    throw new ConfigurationException(
                            "duplicate-option",
                            this + " declares " + Settings.prefix(mode) + option.key()
                                    + " more than once; its author must remove one of: " + former + ", " + option);
                }
            }
            seen.add(option);
        }
        return seen;
    }

    /** Mode, class and jar. */
    @Override
    public String toString() {
        return mode + " (" + describe(factory) + ")";
    }

    private static String describe(Object factory) {
        return describe(factory.getClass());
    }

    /** A class and where it is from. */
    static String describe(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        return type.getName() + " in "
                + (source == null || source.getLocation() == null ? "the Java runtime" : source.getLocation());
    }
}
