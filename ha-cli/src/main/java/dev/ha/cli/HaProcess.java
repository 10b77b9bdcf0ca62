package dev.ha.cli;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Further processes of this program. */
final class HaProcess {
    private HaProcess() {}

    /** The command line that runs {@code main} in a JVM like this one; its arguments come next. */
    static List<String> java(Class<?> main, String... options) {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Small and quick to start, as bin/ha does.
        line.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        line.addAll(List.of(options));
        line.add("-cp");
        line.add(absoluteClassPath());
        line.add(main.getName());
        return line;
    }

    private static String absoluteClassPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
