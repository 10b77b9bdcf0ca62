package dev.ha.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.standalone.LockFile.Seen;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SAFETY F1 and F2. */
class LockFileTest {
    private final Path file;

    LockFileTest(@TempDir Path directory) {
        this.file = directory.resolve("lock");
    }

    @Test
    void noLookEndsALockOfThisJvm() throws Exception {
        LockFile held = LockFile.hold(file).orElseThrow();
        assertThat(LockFile.hold(file)).isEmpty();
        assertThat(LockFile.inherit(file)).isEmpty();
        assertThat(LockFile.open(file)).isEmpty();
        assertThat(LockFile.look(file)).isEqualTo(Seen.HELD_HERE);
        assertThat(held.isInPlace()).isTrue();
        assertThat(KernelLocks.isHeld(file)).isTrue();

        held.close();
        assertThat(KernelLocks.isHeld(file)).isFalse();
        assertThat(LockFile.look(file)).isEqualTo(Seen.FREE);
        LockFile again = LockFile.hold(file).orElseThrow();
        held.close();
        assertThat(LockFile.hold(file))
                .as("closing twice releases nothing of the next one")
                .isEmpty();
        again.close();
    }

    @Test
    void theSameFileByAnotherNameIsTheSameLock() throws Exception {
        Path link = Files.createSymbolicLink(file.resolveSibling("symbolic"), file);
        LockFile held = LockFile.hold(file).orElseThrow();
        Path hard = Files.createLink(file.resolveSibling("hard"), file);
        assertThat(LockFile.hold(link)).isEmpty();
        assertThat(LockFile.hold(hard)).isEmpty();
        assertThat(KernelLocks.isHeld(file)).isTrue();
        held.close();
    }

    @Test
    void aRemovedOrReplacedFileIsNotInPlace() throws Exception {
        LockFile held = LockFile.hold(file).orElseThrow();
        Files.delete(file);
        assertThat(held.isInPlace()).isFalse();
        LockFile other = LockFile.hold(file).orElseThrow();
        assertThat(held.isInPlace()).isFalse();
        assertThat(other.isInPlace()).isTrue();

        held.remove();
        assertThat(other.isInPlace()).as("what is not ours is not removed").isTrue();
        assertThat(KernelLocks.isHeld(file)).isTrue();
        other.remove();
        assertThat(file).doesNotExist();
    }

    /** A dead leader must not look alive while its successor is about to be granted. */
    @Test
    void anHeirDoesNotLookLikeAHolder() throws Exception {
        LockFile.hold(file).orElseThrow().close();
        LockFile heir = LockFile.inherit(file).orElseThrow();
        assertThat(LockFile.look(file)).isEqualTo(Seen.FREE);
        assertThat(LockFile.inherit(file)).isEmpty();
        heir.close();
        try (OutsideHolder outside = OutsideHolder.heir(file)) {
            assertThat(LockFile.look(file)).isEqualTo(Seen.FREE);
            assertThat(LockFile.inherit(file)).isEmpty();
            assertThat(LockFile.hold(file)).isEmpty();
            outside.release();
            assertThat(LockFile.inherit(file)).hasValueSatisfying(LockFile::close);
        }
    }

    @Test
    void aLookKeepsNoHeirOut() throws Exception {
        LockFile.hold(file).orElseThrow().close();
        try (OutsideHolder outside = OutsideHolder.look(file)) {
            assertThat(LockFile.look(file)).isEqualTo(Seen.FREE);
            assertThat(LockFile.inherit(file)).hasValueSatisfying(LockFile::close);
            outside.release();
        }
    }

    @Test
    void aHolderOutsideIsSeenAndInheritedWhenItIsGone() throws Exception {
        try (OutsideHolder outside = OutsideHolder.of(file)) {
            assertThat(LockFile.look(file)).isEqualTo(Seen.HELD);
            assertThat(LockFile.inherit(file)).isEmpty();
            assertThat(LockFile.hold(file)).isEmpty();
            outside.release();
            assertThat(LockFile.look(file)).isEqualTo(Seen.FREE);
            assertThat(LockFile.inherit(file)).hasValueSatisfying(LockFile::close);
        }
    }

    @Test
    void whatIsNotThereIsNotMadeByALook() {
        assertThatThrownBy(() -> LockFile.inherit(file)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> LockFile.open(file)).isInstanceOf(NoSuchFileException.class);
        assertThat(file).doesNotExist();
    }

    @Test
    void whatIsNoFileIsRefused() throws Exception {
        Files.createDirectory(file);
        assertThatThrownBy(() -> LockFile.hold(file)).isInstanceOf(RefusedException.class);
    }

    @Test
    void aLockTakenPastUsIsNotLostEither() throws Exception {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock foreign = channel.lock()) {
            assertThat(LockFile.hold(file)).isEmpty();
            assertThat(foreign.isValid()).isTrue();
            assertThat(KernelLocks.isHeld(file)).isTrue();
        }
    }

    @Test
    void closingEndsAWait() throws Exception {
        try (OutsideHolder outside = OutsideHolder.of(file)) {
            LockFile waiting = LockFile.open(file).orElseThrow();
            CountDownLatch begun = new CountDownLatch(1);
            CompletableFuture<Void> wait = CompletableFuture.runAsync(() -> {
                try {
                    begun.countDown();
                    waiting.awaitFree();
                } catch (IOException closed) {
                    throw new IllegalStateException(closed);
                }
            });
            begun.await();
            assertThat(LockFile.look(file)).as("being waited for").isEqualTo(Seen.UNCLEAR);
            waiting.close();
            assertThatThrownBy(() -> wait.get(60, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
            assertThat(LockFile.look(file)).isEqualTo(Seen.HELD);
            outside.release();
            assertThat(LockFile.look(file)).isEqualTo(Seen.FREE);
        }
    }

    @Test
    void systemPropertiesHoldTextsOnlyAndNothingThatIsOver() throws Exception {
        Optional<LockFile> held = LockFile.hold(file);
        assertThat(System.getProperties())
                .anySatisfy((key, value) -> assertThat(key.toString()).startsWith("dev.ha.standalone.file.locks."));
        System.getProperties().store(OutputStream.nullOutputStream(), "would fail on anything but texts");
        Map<Object, Object> before = Map.copyOf(System.getProperties());
        LockFile other = LockFile.hold(file.resolveSibling("other")).orElseThrow();
        other.close();
        assertThat(Map.copyOf(System.getProperties())).isEqualTo(before);
        held.orElseThrow().close();
    }

    @Test
    void ownLocksAreKnownThoughTheSystemPropertiesWereReplaced() throws Exception {
        Properties before = System.getProperties();
        LockFile held = LockFile.hold(file).orElseThrow();
        try {
            System.setProperties(null);
            assertThat(LockFile.hold(file)).isEmpty();
            assertThat(KernelLocks.isHeld(file)).isTrue();
        } finally {
            System.setProperties(before);
        }
        held.close();
    }
}
