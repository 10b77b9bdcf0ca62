package dev.ha.core;

import dev.ha.spi.HighAvailabilityBackendFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.Map;

/** A throw-away class path: the library and the given jars, without the backends of this test's own class path. */
final class ClassPath extends URLClassLoader {
    private ClassPath(URL[] jars) {
        super(jars, HighAvailabilityBackendFactory.class.getClassLoader());
    }

    static ClassPath of(Path directory, FactoryJar... jars) {
        return new ClassPath(
                Arrays.stream(jars).map(jar -> url(jar.in(directory))).toArray(URL[]::new));
    }

    /** What {@code configuration} leads to here. */
    HighAvailabilityBackendFactory find(Map<?, ?> configuration) {
        return Discovery.find(Settings.of(configuration), this);
    }

    /** What {@code high-availability.mode} leads to here. */
    HighAvailabilityBackendFactory find(String mode) {
        return find(Map.of("high-availability.mode", mode));
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        return name.equals(FactoryJar.SERVICE_FILE) ? findResources(name) : super.getResources(name);
    }

    @Override
    public void close() {
        try {
            super.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static URL url(Path file) {
        try {
            return file.toUri().toURL();
        } catch (MalformedURLException impossible) {
            throw new IllegalArgumentException(impossible);
        }
    }
}
