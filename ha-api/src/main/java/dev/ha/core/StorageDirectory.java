package dev.ha.core;

import java.net.URI;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** The value of {@link CoreOptions#STORAGE_DIR}. */
final class StorageDirectory {
    /** At least two letters: one is a drive. */
    private static final Pattern SCHEME = Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]+:.*");

    private StorageDirectory() {}

    /** Whether {@link #path} can be asked. */
    static boolean isPath(String text) {
        return path(text).isAbsolute();
    }

    /** A path of the default file system, or of the one that a URI names. */
    static Path path(String text) {
        return SCHEME.matcher(text).matches() ? Path.of(URI.create(text)) : Path.of(text);
    }
}
