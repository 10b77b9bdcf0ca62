package dev.ha.core;

import dev.ha.spi.HighAvailabilityBackendFactory;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** A jar with factories as a third party would ship it: compiled here, with a real {@code META-INF/services} file. */
final class FactoryJar {
    static final String SERVICE_FILE = "META-INF/services/" + HighAvailabilityBackendFactory.class.getName();

    private final String name;
    private final Map<String, String> sources = new LinkedHashMap<>();
    private final List<String> services = new ArrayList<>();
    private final List<String> omitted = new ArrayList<>();
    private UnaryOperator<byte[]> patch = bytes -> bytes;

    private FactoryJar(String name) {
        this.name = name;
    }

    static FactoryJar named(String name) {
        return new FactoryJar(name);
    }

    /** The source of a factory that works. */
    static String source(String className, String mode, String... options) {
        return sourceOf(
                className,
                "public String mode() { return \"" + mode + "\"; }"
                        + "public Collection<Option<?>> options() { return List.of(" + String.join(", ", options)
                        + "); }");
    }

    /** The source of a factory with these members. */
    static String sourceOf(String className, String members) {
        int dot = className.lastIndexOf('.');
        return (dot < 0 ? "" : "package " + className.substring(0, dot) + ";")
                + "import dev.ha.spi.*; import java.util.*;"
                + "public class " + className.substring(dot + 1) + " implements HighAvailabilityBackendFactory {"
                + members
                + "public HighAvailabilityBackend create(BackendContext c) { throw new IllegalStateException(); } }";
    }

    /** A factory that works, and its line in the service file. */
    FactoryJar factory(String className, String mode, String... options) {
        return type(className, source(className, mode, options)).service(className);
    }

    /** A class, not in the service file. */
    FactoryJar type(String className, String source) {
        sources.put(className, source);
        return this;
    }

    /** A line of the service file. */
    FactoryJar service(String line) {
        services.add(line);
        return this;
    }

    /** Compiled, but left out of the jar. */
    FactoryJar without(String className) {
        omitted.add(className);
        return this;
    }

    /** Every class file is changed like this. */
    FactoryJar patched(UnaryOperator<byte[]> change) {
        patch = change;
        return this;
    }

    /** Writes the jar into {@code directory}. */
    Path in(Path directory) {
        try {
            Path classes = compile(directory.resolve(name + ".build"));
            Path jar = directory.resolve(name);
            try (OutputStream file = Files.newOutputStream(jar);
                    JarOutputStream out = new JarOutputStream(file)) {
                if (!services.isEmpty()) {
                    write(out, SERVICE_FILE, String.join("\n", services).getBytes(StandardCharsets.UTF_8));
                }
                for (String type : sources.keySet()) {
                    String path = type.replace('.', '/') + ".class";
                    if (!omitted.contains(type)) {
                        write(out, path, patch.apply(Files.readAllBytes(classes.resolve(path))));
                    }
                }
            }
            return jar;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Path compile(Path directory) throws IOException {
        Path classes = Files.createDirectories(directory.resolve("classes"));
        if (sources.isEmpty()) {
            return classes;
        }
        String library = Path.of(HighAvailabilityBackendFactory.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .toString();
        List<String> arguments =
                new ArrayList<>(List.of("--release", "17", "-proc:none", "-cp", library, "-d", classes.toString()));
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Path file = directory.resolve(source.getKey().replaceFirst(".*\\.", "") + ".java");
            Files.writeString(file, source.getValue());
            arguments.add(file.toString());
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        int status = compiler.run(null, null, null, arguments.toArray(String[]::new));
        if (status != 0) {
            throw new IllegalStateException("the test's own source does not compile: " + sources);
        }
        return classes;
    }

    private static void write(JarOutputStream out, String path, byte[] content) throws IOException {
        out.putNextEntry(new JarEntry(path));
        out.write(content);
        out.closeEntry();
    }
}
