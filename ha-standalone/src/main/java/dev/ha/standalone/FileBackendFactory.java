package dev.ha.standalone;

import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import dev.ha.spi.SafeName;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Mode {@code file}: a real election among the processes of one machine through locks of the operating system, which end with the process that holds them, whatever it
 * dies of. A process that is stopped keeps them: nobody else leads before it goes on or dies (SAFETY F5).
 *
 * <p>Needs a local POSIX file system; network file systems are refused, as they may lose locks without a word (SAFETY F6). A directory that a virtual machine or
 * container shares with its host can look local without being so.
 */
public final class FileBackendFactory implements HighAvailabilityBackendFactory {
    private static final Option<Optional<Path>> DIRECTORY = Option.path(
                    "directory",
                    "Local directory of all clusters; made, for this user alone, if it does not exist."
                            + " Without it: ha-<user> in the directory for temporary files.")
            .optional();

    private static final int LONGEST_USER = 80;

    /** For {@link java.util.ServiceLoader}. */
    public FileBackendFactory() {}

    @Override
    public String mode() {
        return "file";
    }

    @Override
    public Collection<Option<?>> options() {
        return List.of(DIRECTORY);
    }

    @Override
    public HighAvailabilityBackend create(BackendContext context) {
        return new FileBackend(context, context.get(DIRECTORY).orElseGet(FileBackendFactory::defaultDirectory));
    }

    private static Path defaultDirectory() {
        String user = SafeName.encode(System.getProperty("user.name", ""), LONGEST_USER);
        return Path.of(System.getProperty("java.io.tmpdir", "/tmp"), "ha-" + user);
    }
}
