package dev.ha.cli;

import dev.ha.ConfigurationReference;
import dev.ha.ConfigurationReference.Resolved;
import dev.ha.ConfigurationReference.Setting;
import dev.ha.spi.SafeName;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the commands of {@code ha run} keep out of each other's way on this machine. Apart from the backend's data, as
 * it must outlive their removal, and the same for all {@code ha} of one user, however they were started: hence not
 * below a variable that differs between a login and a service.
 */
final class RunPlace {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");
    private static final int LONGEST_NAME = 200;

    private RunPlace() {}

    /**
     * The directory, which is this user's alone, as processes are killed by what stands there.
     *
     * @param chosen by the user; null for the default
     */
    static Path directory(@Nullable Path chosen) {
        try {
            Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            Path directory = (chosen == null ? Path.of("/tmp/ha-run-" + user) : chosen).toAbsolutePath();
            try {
                Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
            } catch (FileAlreadyExistsException usually) {
                // that will do, if it is ours
            }
            Object owner = Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            Set<PosixFilePermission> rights = Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS);
            boolean open = rights.contains(PosixFilePermission.GROUP_WRITE)
                    || rights.contains(PosixFilePermission.OTHERS_WRITE);
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) || !owner.equals(user) || open) {
                throw unusable(
                        directory, "must be a directory that only the user with id " + user + " can write to", null);
            }
            return directory;
        } catch (IOException | UnsupportedOperationException failure) {
            throw unusable(chosen, "can't be used: " + failure, failure);
        }
    }

    /**
     * The lock of {@code election} under {@code configuration}: the same for all that could be granted it, as far as
     * can be told.
     */
    static Path lockFile(Path directory, Map<String, Object> configuration, String election) {
        Resolved resolved = ConfigurationReference.resolve(configuration, null);
        String cluster = setting(resolved, "cluster-id");
        String place =
                resolved.mode().equals("file") ? fileDirectory(configuration).toString() : "";
        String name = String.join("\n", resolved.mode(), cluster, election, place);
        return directory.resolve(SafeName.encode(name, LONGEST_NAME) + ".lock");
    }

    /** What tells two backends of mode {@code file} on this machine apart. */
    private static Path fileDirectory(Map<String, Object> configuration) {
        Object configured = configuration.get(Layers.ROOT + ".file.directory");
        return realPath(
                configured == null
                        ? defaultFileDirectory()
                        : Path.of(configured.toString().strip()));
    }

    /** As the mode itself does, which a test compares. */
    private static Path defaultFileDirectory() {
        return Path.of(
                System.getProperty("java.io.tmpdir"), "ha-" + SafeName.encode(System.getProperty("user.name"), 80));
    }

    /** The same before and after the directory is made. */
    private static Path realPath(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        for (Path there = absolute; there != null; there = there.getParent()) {
            try {
                return there.toRealPath().resolve(there.relativize(absolute)).normalize();
            } catch (IOException notYetThere) {
                // then its parent
            }
        }
        return absolute;
    }

    static String setting(Resolved resolved, String key) {
        return resolved.settings().stream()
                .filter(setting -> setting.name().equals(Layers.ROOT + "." + key))
                .map(Setting::value)
                .findFirst()
                .orElse("");
    }

    private static Misuse unusable(@Nullable Path directory, String problem, @Nullable Throwable cause) {
        return new Misuse(
                "the directory of running commands" + (directory == null ? "" : ", " + directory + ",") + " " + problem
                        + "; choose another one with --run-directory or HA_RUN_DIRECTORY,"
                        + " the same for all that must not run at once",
                cause);
    }
}
