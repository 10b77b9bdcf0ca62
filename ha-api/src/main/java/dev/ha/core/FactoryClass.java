package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.spi.HighAvailabilityBackendFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Optional;

/** Makes a factory that is named by its class: with or without an entry in {@code META-INF/services}. */
final class FactoryClass {
    private static final Class<HighAvailabilityBackendFactory> FACTORY = HighAvailabilityBackendFactory.class;

    private FactoryClass() {}

    /**
     * The class, of the first loader that has it.
     *
     * @throws ConfigurationException {@code broken-backend} if it is there but can't be loaded
     */
    static Optional<Class<?>> find(String name, List<ClassLoader> loaders) {
        for (ClassLoader loader : loaders) {
            try {
                return Optional.of(Class.forName(name, false, loader));
            } catch (ClassNotFoundException notHere) {
                // Perhaps the next one has it.
            } catch (LinkageError failure) {
                throw new ConfigurationException(
                        "broken-backend",
                        "the factory " + name + " can't be loaded: " + failure
                                + "; add what is missing, or a version that was built for this library and this Java",
                        failure);
            }
        }
        return Optional.empty();
    }

    /**
     * A new instance.
     *
     * @throws ConfigurationException {@code not-a-factory}, {@code no-public-constructor} or {@code constructor-failed}
     */
    static HighAvailabilityBackendFactory instantiate(Class<?> type) {
        String what = InstalledBackend.describe(type);
        if (!FACTORY.isAssignableFrom(type) || Modifier.isAbstract(type.getModifiers())) {
            throw new ConfigurationException(
                    "not-a-factory",
                    what + " is not a class that implements " + InstalledBackend.describe(FACTORY)
                            + "; name one that does, and have the library on the class path once");
        }
        try {
            Constructor<?> constructor = type.getConstructor();
            return FACTORY.cast(constructor.newInstance());
        } catch (NoSuchMethodException | IllegalAccessException notPublic) {
            throw new ConfigurationException(
                    "no-public-constructor",
                    what + " must be a public class with a public constructor without parameters",
                    notPublic);
        } catch (InvocationTargetException failure) {
            throw constructorFailed(what, failure.getCause() == null ? failure : failure.getCause());
        } catch (InstantiationException | LinkageError failure) {
            throw constructorFailed(what, failure);
        }
    }

    private static ConfigurationException constructorFailed(String what, Throwable cause) {
        return new ConfigurationException("constructor-failed", what + ": its constructor failed with " + cause, cause);
    }
}
