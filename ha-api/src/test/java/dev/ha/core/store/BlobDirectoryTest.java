package dev.ha.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of blobs: what is given is what was written, or an error. */
final class BlobDirectoryTest {
    private final Path storage;
    private final BlobDirectory blobs;

    BlobDirectoryTest(@TempDir Path storage) {
        this.storage = storage;
        this.blobs = new BlobDirectory(storage, "../cluster", "an/election");
    }

    private Blob write(byte[] data) throws IOException {
        return blobs.write("job-graphs/../../x", "history", 7, new ByteArrayInputStream(data));
    }

    private Path file(Blob blob) {
        return storage.resolve("_2e_2e_2fcluster").resolve("an_2felection").resolve(blob.name());
    }

    private static byte[] random(int length) {
        byte[] data = new byte[length];
        new Random(length).nextBytes(data);
        return data;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_535, 65_536, 65_537, 1_000_000})
    void givesWhatWasWritten(int length) throws IOException {
        byte[] data = random(length);
        Blob blob = write(data);
        assertThat(blob.length()).isEqualTo(length);
        try (InputStream in = blobs.open(blob)) {
            assertThat(in.readAllBytes()).isEqualTo(data);
        }
        try (InputStream in = blobs.open(blob)) {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            for (int b = in.read(); b >= 0 && one.size() < 100; b = in.read()) {
                one.write(b);
            }
            assertThat(one.toByteArray()).isEqualTo(Arrays.copyOf(data, one.size()));
        }
    }

    @Test
    void staysBelowItsDirectory() throws IOException {
        Blob blob = write(random(3));
        assertThat(file(blob)).exists();
        assertThat(file(blob).toRealPath().startsWith(storage.toRealPath())).isTrue();
        assertThat(storage.relativize(file(blob)).getNameCount()).isEqualTo(3);
        for (String name :
                new String[] {"../x", "a/b.h.1.00000000000000000000000000000000", "", "x", blob.name() + "/.."}) {
            assertThatIllegalArgumentException().as(name).isThrownBy(() -> new Blob(name, 0, 0));
        }
    }

    /** Any byte that is changed is found before the first wrong one is handed out; so is any end that is missing. */
    @Test
    void damageIsFoundBeforeItIsHandedOut() throws IOException {
        byte[] data = random(70_000);
        Blob blob = write(data);
        byte[] sound = Files.readAllBytes(file(blob));
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            byte[] damaged = sound.clone();
            int at = i < 20 ? i : i < 40 ? sound.length - 1 - (i - 20) : random.nextInt(sound.length);
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file(blob), damaged);
            assertDamaged(blob, data, "byte " + at);
            Files.write(file(blob), Arrays.copyOf(sound, at));
            assertDamaged(blob, data, "cut at " + at);
        }
        Files.write(file(blob), Arrays.copyOf(sound, sound.length + 1));
        assertDamaged(blob, data, "longer");
    }

    private void assertDamaged(Blob blob, byte[] data, String what) {
        ByteArrayOutputStream given = new ByteArrayOutputStream();
        assertThatExceptionOfType(BlobFormat.CorruptBlobException.class)
                .as(what)
                .isThrownBy(() -> {
                    try (InputStream in = blobs.open(blob)) {
                        in.transferTo(given);
                    }
                })
                .withMessageContaining(blob.name());
        assertThat(given.toByteArray()).as(what).isEqualTo(Arrays.copyOf(data, given.size()));
    }

    @Test
    void anotherBlobInItsPlaceIsFoundBeforeAByteOfItIsHandedOut() throws IOException {
        Blob blob = write(random(1000));
        Blob other = write(random(1001));
        Files.copy(file(other), file(blob), StandardCopyOption.REPLACE_EXISTING);
        assertDamaged(blob, new byte[0], "exchanged");
    }

    @Test
    void missingIsMissingAndDeletionIsRepeatable() throws IOException {
        Blob blob = write(random(5));
        blobs.delete(blob);
        blobs.delete(blob);
        assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> blobs.open(blob));
        assertThat(blobs.list()).isEmpty();
    }

    @Test
    void whatCanNotBeReadLeavesNothing() {
        InputStream gone = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("gone");
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return read();
            }
        };
        InputStream failing = new SequenceInputStream(new ByteArrayInputStream(random(100_000)), gone);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> blobs.write("x", "history", 7, failing))
                .withMessage("gone");
        assertThat(storage.resolve("_2e_2e_2fcluster").resolve("an_2felection")).isEmptyDirectory();
    }

    @Test
    void worksInAnotherFileSystem() throws IOException {
        Path archive = storage.resolve("archive.zip");
        try (FileSystem zip = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
            BlobDirectory inside = new BlobDirectory(zip.getPath("/blobs"), "cluster", "election");
            byte[] data = random(200_000);
            Blob blob = inside.write("x", "history", 7, new ByteArrayInputStream(data));
            try (InputStream in = inside.open(blob)) {
                assertThat(in.readAllBytes()).isEqualTo(data);
            }
            assertThat(inside.list()).hasSize(1);
        }
    }
}
