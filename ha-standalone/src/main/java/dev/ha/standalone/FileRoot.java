package dev.ha.standalone;

import dev.ha.spi.SafeName;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;

/** {@code high-availability.file.directory} and the cluster's directory in it: made if need be, and refused where locks would not hold. */
final class FileRoot {
    /**
     * File systems whose locks may be lost without a word (SAFETY F6), by the beginning of their type.
     */
    private static final List<String> REMOTE = List.of(
            "nfs",
            "cifs",
            "smb",
            "9p",
            "fuse",
            "ceph",
            "gluster",
            "virtiofs",
            "afs",
            "lustre",
            "gpfs",
            "ocfs",
            "gfs",
            "beegfs",
            "orangefs",
            "pvfs",
            "davfs",
            "coda",
            "ncpfs",
            "vboxsf",
            "prl_fs");

    private static final int LONGEST_NAME = 140;
    private static final String OWNER_ONLY = "rwx------";

    private final Path root;
    private final Path cluster;
    private volatile boolean checked;

    FileRoot(Path root, String clusterId) {
        this.root = root.toAbsolutePath().normalize();
        this.cluster = this.root.resolve(SafeName.encode(clusterId, LONGEST_NAME));
    }

    Path root() {
        return root;
    }

    Path cluster() {
        return cluster;
    }

    /** No encoded name begins with a dot, so it is none of an election. */
    Path processes() {
        return cluster.resolve(".processes");
    }

    FileElection election(String name) {
        return new FileElection(cluster.resolve(SafeName.encode(name, LONGEST_NAME)));
    }

    /** Makes the directories and looks whether they will do. Cheap when they did before. */
    void prepare() throws IOException {
        if (checked && Files.isDirectory(cluster)) {
            return;
        }
        createRoot();
        requireLocal(root, Files.getFileStore(root).type());
        requireOurs();
        Files.createDirectories(cluster);
        checked = true;
    }

    private void createRoot() throws IOException {
        if (Files.isDirectory(root)) {
            return;
        }
        Path parent = root.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(
                    root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY)));
        } catch (FileAlreadyExistsException another) {
            if (!Files.isDirectory(root)) {
                throw new RefusedException(root + " is not a directory; set high-availability.file.directory");
            }
        } catch (UnsupportedOperationException notPosix) {
            throw new RefusedException(root + " is not on a POSIX file system, which mode file needs");
        }
    }

    /** Refuses file systems that are not this machine's own. */
    static void requireLocal(Path directory, String type) throws RefusedException {
        String lower = type.toLowerCase(Locale.ROOT);
        if (REMOTE.stream().anyMatch(lower::startsWith)) {
            throw new RefusedException(
                    directory + " is on a file system of type " + type
                            + ", which may lose locks without a word; set high-availability.file.directory to a local directory");
        }
    }

    /** What anybody may create or replace, such as a directory in /tmp, must be this user's and closed to others. */
    private void requireOurs() throws IOException {
        Path scratch = Files.createTempFile(root, "aside.", "");
        try {
            if (Files.readAttributes(scratch, BasicFileAttributes.class).fileKey() == null) {
                throw new RefusedException(root + " is on a file system without file keys, which mode file needs");
            }
            Path parent = root.getParent();
            if (parent == null || !isOpenToOthers(parent)) {
                return;
            }
            if (Files.isSymbolicLink(root)
                    || !Files.getOwner(root).equals(Files.getOwner(scratch))
                    || isOpenToOthers(root)) {
                throw new RefusedException(
                        root + " is in a directory where anybody may write, and does not belong to this"
                                + " user alone; remove it, or set high-availability.file.directory");
            }
        } finally {
            Files.deleteIfExists(scratch);
        }
    }

    private static boolean isOpenToOthers(Path directory) throws IOException {
        return Files.getPosixFilePermissions(directory).contains(PosixFilePermission.OTHERS_WRITE);
    }
}
