package dev.ha.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileRootTest {
    private final Path parent;

    FileRootTest(@TempDir Path parent) {
        this.parent = parent;
    }

    private static void permit(Path directory, String permissions) throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(permissions));
    }

    @Test
    void aDirectoryIsMadeForThisUserAlone() throws Exception {
        Path root = parent.resolve("a/b");
        new FileRoot(root, "cluster").prepare();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwx------");
        assertThat(root.resolve("cluster")).isDirectory();
        try (Stream<Path> files = Files.list(root)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aDirectoryThatIsThereIsLeftAsItIs() throws Exception {
        Path root = Files.createDirectory(parent.resolve("root"));
        permit(root, "rwxrwxr-x");
        new FileRoot(root, "cluster").prepare();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwxrwxr-x");
    }

    @Test
    void whatAnybodyCouldHavePutThereIsRefused() throws Exception {
        permit(parent, "rwxrwxrwx");
        Path open = Files.createDirectory(parent.resolve("open"));
        permit(open, "rwxrwxrwx");
        Path link = Files.createSymbolicLink(parent.resolve("link"), Files.createDirectory(parent.resolve("target")));
        for (Path root : new Path[] {open, link}) {
            assertThatThrownBy(() -> new FileRoot(root, "cluster").prepare())
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("high-availability.file.directory");
        }
        assertThatCode(() -> new FileRoot(parent.resolve("new"), "cluster").prepare())
                .doesNotThrowAnyException();
        permit(open, "rwx------");
        assertThatCode(() -> new FileRoot(open, "cluster").prepare()).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nfs", "nfs4", "NFS", "cifs", "smb3", "9p", "fuse.sshfs", "fuseblk", "ceph", "virtiofs"})
    void remoteFileSystemsAreRefused(String type) {
        assertThatThrownBy(() -> FileRoot.requireLocal(parent, type))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining(type)
                .hasMessageContaining("high-availability.file.directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "apfs", "f2fs"})
    void localFileSystemsAreNot(String type) {
        assertThatCode(() -> FileRoot.requireLocal(parent, type)).doesNotThrowAnyException();
    }

    @Test
    void aDirectoryThatVanishedIsMadeAgain() throws Exception {
        FileRoot root = new FileRoot(parent.resolve("root"), "cluster");
        root.prepare();
        Files.delete(root.cluster());
        Files.delete(root.root());
        root.prepare();
        assertThat(root.cluster()).isDirectory();
    }
}
