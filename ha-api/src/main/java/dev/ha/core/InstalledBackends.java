package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.spi.HighAvailabilityBackendFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Spliterator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@link ServiceLoader} finds. One that is broken doesn't hide the others: it is kept with the reason, and
 * {@link Discovery} decides whether that matters.
 */
final class InstalledBackends {
    private static final String SERVICE_FILE = "META-INF/services/" + HighAvailabilityBackendFactory.class.getName();

    private final Map<String, InstalledBackend> byClassName = new LinkedHashMap<>();
    private final Map<String, Throwable> broken = new LinkedHashMap<>();

    private InstalledBackends() {}

    /** All factories that the loaders see; of two classes with one name that of the first loader counts. */
    static InstalledBackends find(List<ClassLoader> loaders) {
        InstalledBackends found = new InstalledBackends();
        loaders.forEach(found::addAll);
        return found;
    }

    /** Those that work, by mode. */
    List<InstalledBackend> all() {
        return byClassName.values().stream()
                .sorted((a, b) -> a.mode().compareTo(b.mode()))
                .toList();
    }

    /** Those that work and have {@code mode}; more than one is an error of the class path. */
    List<InstalledBackend> withMode(String mode) {
        return all().stream().filter(backend -> backend.mode().equals(mode)).toList();
    }

    /** Modes of those that work, in alphabetical order. */
    List<String> modes() {
        return all().stream().map(InstalledBackend::mode).distinct().toList();
    }

    /** Those that don't: what is known of each, and why. */
    Map<String, Throwable> broken() {
        return Collections.unmodifiableMap(broken);
    }

    /** All that was found, for messages. */
    @Override
    public String toString() {
        String working = byClassName.isEmpty()
                ? "no backend was found"
                : "backends found: "
                        + all().stream().map(InstalledBackend::toString).collect(Collectors.joining(", "));
        return working + (broken.isEmpty() ? "" : "; not loadable: " + String.join("; ", broken.keySet()));
    }

    private void addAll(ClassLoader loader) {
        for (ServiceLoader.Provider<HighAvailabilityBackendFactory> provider : providers(loader)) {
            if (byClassName.containsKey(provider.type().getName())) {
                continue;
            }
            try {
                byClassName.put(provider.type().getName(), InstalledBackend.of(provider.get()));
            } catch (ServiceConfigurationError | LinkageError failure) {
                broken.putIfAbsent(InstalledBackend.describe(provider.type()) + ": " + text(failure), failure);
            } catch (ConfigurationException badMode) {
                broken.putIfAbsent(String.valueOf(badMode.getMessage()), badMode);
            }
        }
    }

    private List<ServiceLoader.Provider<HighAvailabilityBackendFactory>> providers(ClassLoader loader) {
        Spliterator<ServiceLoader.Provider<HighAvailabilityBackendFactory>> search =
                ServiceLoader.load(HighAvailabilityBackendFactory.class, loader).stream()
                        .spliterator();
        List<ServiceLoader.Provider<HighAvailabilityBackendFactory>> providers = new ArrayList<>();
        String lastFailure = "";
        boolean more = true;
        while (more) {
            try {
                more = search.tryAdvance(providers::add);
            } catch (LinkageError failure) {
                broken.putIfAbsent(suspects(loader, failure) + text(failure), failure);
            } catch (ServiceConfigurationError failure) {
                broken.putIfAbsent(text(failure), failure);
                // The search goes on behind a broken entry, but would repeat for ever that it can't begin.
                more = !text(failure).equals(lastFailure);
                lastFailure = text(failure);
            }
        }
        return providers;
    }

    private static String text(Error failure) {
        if (failure instanceof ServiceConfigurationError) {
            return failure.getMessage() + (failure.getCause() == null ? "" : " because of " + failure.getCause());
        }
        return failure.toString();
    }

    /**
     * Which factories fail like this: a {@link LinkageError} names the class that is missing or unreadable, not the
     * one that was asked for.
     */
    private static String suspects(ClassLoader loader, LinkageError failure) {
        String names = declared(loader)
                .filter(name -> failure.toString().equals(failureOfLoading(name, loader)))
                .distinct()
                .collect(Collectors.joining(", "));
        return names.isEmpty() ? "" : names + ": ";
    }

    private static @Nullable String failureOfLoading(String name, ClassLoader loader) {
        try {
            Class.forName(name, false, loader);
            return null;
        } catch (ClassNotFoundException | LinkageError failure) {
            return failure.toString();
        }
    }

    private static Stream<String> declared(ClassLoader loader) {
        try {
            return Collections.list(loader.getResources(SERVICE_FILE)).stream().flatMap(InstalledBackends::lines);
        } catch (IOException unreadable) {
            return Stream.empty();
        }
    }

    private static Stream<String> lines(URL file) {
        try (InputStream in = file.openStream();
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return reader
                    .lines()
                    .map(line -> line.replaceFirst("#.*", "").strip())
                    .filter(name -> !name.isEmpty())
                    .toList()
                    .stream();
        } catch (IOException | UncheckedIOException unreadable) {
            return Stream.empty();
        }
    }
}
