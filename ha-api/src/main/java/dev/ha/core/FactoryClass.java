package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.spi.HighAvailabilityBackendFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A factory that is named by its class, with or without an entry in {@code META-INF/services}. */
final class FactoryClass {
    private static final Class<HighAvailabilityBackendFactory> FACTORY = HighAvailabilityBackendFactory.class;

    private FactoryClass() {}

    /**
     * The class, of the first loader that has it.
     *
     * @throws LinkageError if it is there but can't be loaded
     */
    static Optional<Class<?>> find(String name, List<ClassLoader> loaders) {
        for (ClassLoader loader : loaders) {
            try {
                return Optional.of(Class.forName(name, false, loader));
            } catch (ClassNotFoundException notHere) {
                // Perhaps the next one has it.
            }
        }
        return Optional.empty();
    }

    /**
     * A new instance.
     *
     * @param setting the key and value that name it
     * @throws ConfigurationException {@code not-a-factory}, {@code no-public-constructor} or {@code constructor-failed}
     */
    static HighAvailabilityBackendFactory instantiate(String setting, Class<?> type) {
        String what = setting + ": " + InstalledBackend.describe(type);
        if (!FACTORY.isAssignableFrom(type)) {
            throw new ConfigurationException("not-a-factory", what + " " + whyNot(type));
        }
        if (Modifier.isAbstract(type.getModifiers())) {
            throw new ConfigurationException("not-a-factory", what + " is abstract; name a class that extends it");
        }
        try {
            return FACTORY.cast(type.getConstructor().newInstance());
        } catch (NoSuchMethodException | IllegalAccessException notPublic) {
            throw new ConfigurationException(
                    "no-public-constructor",
                    what + " must be a public class with a public constructor without parameters",
                    notPublic);
        } catch (InvocationTargetException failure) {
            Throwable cause = failure.getCause();
            throw constructorFailed(what, cause == null ? failure : cause);
        } catch (InstantiationException | ExceptionInInitializerError failure) {
            throw constructorFailed(what, failure);
        }
    }

    private static String whyNot(Class<?> type) {
        return Arrays.stream(type.getInterfaces())
                .filter(implemented -> implemented.getName().equals(FACTORY.getName()))
                .map(copy -> "implements " + InstalledBackend.describe(copy) + ", a copy of "
                        + InstalledBackend.describe(FACTORY) + "; leave one of them on the class path")
                .findFirst()
                .orElse("does not implement " + FACTORY.getName() + "; name the factory of the backend");
    }

    private static ConfigurationException constructorFailed(String what, Throwable cause) {
        return new ConfigurationException(
                "constructor-failed",
                what + ": its constructor failed with " + cause + "; repair that, or ask the factory's author",
                cause);
    }
}
