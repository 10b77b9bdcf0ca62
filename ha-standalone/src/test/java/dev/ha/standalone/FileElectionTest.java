package dev.ha.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.LeadershipLostException;
import dev.ha.spi.Change;
import dev.ha.spi.LeaderRecord;
import dev.ha.store.Entry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of an election and the fence around them (SAFETY F3, F4, S3). */
class FileElectionTest {
    private static final FileSeal OLD = new FileSeal("history", 5, "process", 50);
    private static final FileSeal NEW = new FileSeal("history", 6, "process", 60);
    private static final FileSeal OTHER_HISTORY = new FileSeal("other", 5, "process", 70);

    private final Path directory;
    private final FileElection election;
    private final FileEntries entries;

    FileElectionTest(@TempDir Path temporary) {
        directory = temporary.resolve("election");
        election = new FileElection(directory);
        entries = new FileEntries(election);
    }

    @BeforeEach
    void sealOld() throws IOException {
        election.create();
        election.seal(OLD);
    }

    private static FileRecord record(FileSeal seal, String address) {
        return new FileRecord(
                seal.historyId(),
                seal.token(),
                seal.revision() + 1,
                true,
                Map.of("leader", new LeaderRecord(new UUID(1, 2), seal.token(), address)));
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
            all.forEach(files::add);
        }
        return files;
    }

    @Test
    void sealsAndRecordsAreReadAsTheyWereWritten() throws Exception {
        String odd = "a = b:c#!\\ \n\u00e9\u2028\ud83d\ude00 {\"x\"}";
        FileRecord record = new FileRecord(
                "history",
                5,
                51,
                true,
                Map.of(
                        odd,
                        new LeaderRecord(new UUID(1, 2), 5, odd),
                        "b",
                        record(OLD, "b").records().get("leader")));
        election.publish(OLD, record);
        assertThat(election.latestSeal()).contains(OLD);
        assertThat(election.published()).contains(record);
    }

    @Test
    void aDamagedFileIsTakenForMissing() throws Exception {
        election.publish(OLD, record(OLD, "a"));
        for (String name : List.of("token", "record")) {
            Path file = directory.resolve(name);
            byte[] whole = Files.readAllBytes(file);
            for (int length = 0; length < whole.length; length++) {
                Files.write(file, Arrays.copyOf(whole, length));
                assertThat(isReadable(name))
                        .as("%s cut to %d bytes", name, length)
                        .isFalse();
            }
            for (int at = 0; at < whole.length; at++) {
                byte[] changed = whole.clone();
                changed[at] ^= 1;
                Files.write(file, changed);
                assertThat(isReadable(name))
                        .as("%s with another byte at %d", name, at)
                        .isFalse();
            }
            Files.write(file, whole);
        }
        assertThat(election.latestSeal()).isPresent();
        assertThat(election.published()).isPresent();
    }

    private boolean isReadable(String name) throws IOException {
        return name.equals("token")
                ? election.latestSeal().isPresent()
                : election.published().isPresent();
    }

    @Test
    void aSupersededGrantChangesNothing() throws Exception {
        election.publish(OLD, record(OLD, "old"));
        entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
        Entry entry = entries.get("entry").orElseThrow();
        for (FileSeal next : List.of(NEW, OTHER_HISTORY)) {
            election.seal(next);
            election.begin(record(next, "new"));
            assertThatThrownBy(() -> election.publish(OLD, record(OLD, "late")))
                    .isInstanceOfSatisfying(LeadershipLostException.class, lost -> assertThat(lost.newerToken())
                            .hasValue(next.token()));
            for (Change change : List.of(
                    Change.create("late", new byte[0]), Change.replace(entry, new byte[0]), Change.delete(entry))) {
                assertThatThrownBy(() -> entries.write(OLD, change, "2")).isInstanceOf(LeadershipLostException.class);
            }
            assertThat(election.published()).contains(record(next, "new"));
            assertThat(entries.names("")).containsExactly("entry");
            assertThat(entries.get("entry").orElseThrow().version()).isEqualTo("1");
        }
    }

    @Test
    void aSealTakesAwayWhatOthersHaveLaidAside() throws Exception {
        Path late = Files.writeString(directory.resolve("aside.late"), "late");
        Path entry = Files.writeString(election.entries().resolve("aside.late"), "late");
        election.seal(NEW);
        assertThat(late).doesNotExist();
        assertThat(entry).doesNotExist();
        assertThat(election.latestSeal()).contains(NEW);
    }

    /**
     * The instant that the guard can't cover when it was removed: the old leader has read its seal, and is about to rename what it laid aside, while the new
     * one seals.
     */
    @Test
    void aChangeThatMeetsASealFails() throws Exception {
        FileElection meeting = new FileElection(directory) {
            @Override
            void requireLatest(FileSeal seal) throws IOException {
                super.requireLatest(seal);
                election.seal(NEW);
            }
        };
        assertThatThrownBy(() -> meeting.publish(OLD, record(OLD, "late"))).isInstanceOf(LeadershipLostException.class);
        assertThatThrownBy(() -> meeting.replace(NEW, election.entries().resolve("late"), new byte[0], true))
                .isInstanceOf(LeadershipLostException.class);
        assertThat(election.published()).isEmpty();
        assertThat(entries.names("")).isEmpty();
    }

    @Test
    void aDeletionThatMeetsASealFails() throws Exception {
        entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
        FileEntries meeting = new FileEntries(new FileElection(directory) {
            @Override
            void requireLatest(FileSeal seal) throws IOException {
                super.requireLatest(seal);
                election.seal(NEW);
            }
        });
        Change deletion = Change.delete(entries.get("entry").orElseThrow());
        assertThatThrownBy(() -> meeting.write(OLD, deletion, "")).isInstanceOf(LeadershipLostException.class);
        assertThat(entries.names("")).containsExactly("entry");
    }

    /** A deletion may be stopped before it removes the file: what is created meanwhile must be another one. */
    @Test
    void noTwoCreationsHaveOneFile() throws Exception {
        Set<Path> paths = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
            List<Path> files = FileElection.list(election.entries(), "*");
            assertThat(files).hasSize(1);
            paths.addAll(files);
            entries.write(OLD, Change.delete(entries.get("entry").orElseThrow()), "");
            assertThat(FileElection.list(election.entries(), "*")).isEmpty();
        }
        assertThat(paths).hasSize(3);
    }

    @Test
    void aDeletedEntryWhoseFileIsStillThereIsNotThere() throws Exception {
        entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
        Entry entry = entries.get("entry").orElseThrow();
        Path file = FileElection.list(election.entries(), "*").get(0);
        Path kept = directory.resolve("kept");
        FileElection keeping = new FileElection(directory) {
            @Override
            void replace(FileSeal seal, Path target, byte[] content, boolean durable) throws IOException {
                super.replace(seal, target, content, durable);
                Files.copy(target, kept);
            }
        };
        new FileEntries(keeping).write(OLD, Change.delete(entry), "");
        Files.move(kept, file);
        assertThat(entries.get("entry")).isEmpty();
        assertThat(entries.names("")).isEmpty();
        entries.write(OLD, Change.create("entry", new byte[] {2}), "2");
        assertThat(entries.get("entry").orElseThrow().value()).containsExactly(2);
        assertThat(entries.names("")).containsExactly("entry");
    }

    /** The whole directory is removed and made again between the look at the seal and the change: nothing of the new one is touched. */
    @Test
    void aChangeThatMeetsARemovalTouchesNothingOfWhatIsNew() throws Exception {
        entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
        Entry old = entries.get("entry").orElseThrow();
        FileElection meeting = new FileElection(directory) {
            @Override
            void requireLatest(FileSeal seal) throws IOException {
                super.requireLatest(seal);
                Files.move(directory, directory.resolveSibling("removed-" + UUID.randomUUID()));
                election.create();
                election.seal(seal);
                entries.write(seal, Change.create("entry", new byte[] {2}), "1");
            }
        };
        FileEntries late = new FileEntries(meeting);
        for (Change change :
                List.of(Change.replace(old, new byte[] {3}), Change.delete(old), Change.create("new", new byte[0]))) {
            assertThatThrownBy(() -> late.write(OLD, change, "2")).isInstanceOf(LeadershipLostException.class);
            assertThat(entries.names("")).containsExactly("entry");
            assertThat(entries.get("entry").orElseThrow().value()).containsExactly(2);
        }
    }

    @Test
    void whatIsGoneIsNotMadeAgain() throws Exception {
        entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
        Entry entry = entries.get("entry").orElseThrow();
        Files.move(directory, directory.resolveSibling("removed"));
        assertThatThrownBy(() -> election.publish(OLD, record(OLD, "late")))
                .isInstanceOf(LeadershipLostException.class);
        assertThatThrownBy(() -> entries.write(OLD, Change.create("late", new byte[0]), "2"))
                .isInstanceOf(LeadershipLostException.class);
        assertThatThrownBy(() -> entries.write(OLD, Change.delete(entry), "2"))
                .isInstanceOf(LeadershipLostException.class);
        assertThat(directory).doesNotExist();
    }

    @Test
    void nothingIsLeftAside() throws Exception {
        election.publish(OLD, record(OLD, "a"));
        entries.write(OLD, Change.create("entry", new byte[] {1}), "1");
        election.seal(NEW);
        assertThatThrownBy(() -> election.publish(OLD, record(OLD, "late")))
                .isInstanceOf(LeadershipLostException.class);
        assertThat(files()).noneMatch(file -> file.getFileName().toString().startsWith("aside"));
    }

    @Test
    void entriesAreConditional() throws Exception {
        Change create = Change.create("entry", new byte[] {1});
        assertThat(entries.write(OLD, create, "1")).isEqualTo("1");
        assertThatThrownBy(() -> entries.write(OLD, create, "2")).isInstanceOf(ConflictException.class);
        Entry first = entries.get("entry").orElseThrow();
        assertThat(first.writeId()).isEqualTo(create.writeId());
        assertThat(entries.write(OLD, Change.replace(first, new byte[] {2}), "2"))
                .isEqualTo("2");
        assertThatThrownBy(() -> entries.write(OLD, Change.delete(first), "")).isInstanceOf(ConflictException.class);
        assertThat(entries.write(OLD, Change.delete(entries.get("entry").orElseThrow()), ""))
                .isEmpty();
        assertThat(entries.get("entry")).isEmpty();
        assertThatThrownBy(() -> entries.write(OLD, Change.replace(first, new byte[0]), "3"))
                .isInstanceOf(ConflictException.class);
    }

    @Test
    void oddNamesOfEntriesAreNeitherMergedNorPaths() throws Exception {
        List<String> names = List.of(
                "a",
                "A",
                "a ",
                "../a",
                "/a",
                "a/b",
                ".",
                "..",
                "",
                "\u00e9",
                "e\u0301",
                "a\n",
                "x".repeat(200),
                "x".repeat(201),
                "\u6f22".repeat(200));
        for (String name : names) {
            entries.write(OLD, Change.create(name, name.getBytes(StandardCharsets.UTF_8)), "1");
        }
        for (String name : names) {
            assertThat(entries.get(name).orElseThrow().name()).isEqualTo(name);
            assertThat(entries.get(name).orElseThrow().value()).isEqualTo(name.getBytes(StandardCharsets.UTF_8));
        }
        assertThat(entries.names("")).containsExactlyInAnyOrderElementsOf(names);
        assertThat(entries.names("a")).containsExactlyInAnyOrder("a", "a ", "a/b", "a\n");
    }

    /** Its own reader is told; those of the others are not kept from theirs. */
    @Test
    void aDamagedEntryHidesNoOther() throws Exception {
        entries.write(OLD, Change.create("sound", new byte[] {1}), "1");
        entries.write(OLD, Change.create("a/Damaged", new byte[] {2}), "2");
        Path file = FileElection.list(election.entries(), "entry-a*").get(0);
        byte[] whole = Files.readAllBytes(file);
        for (byte[] damaged : new byte[][] {{}, Arrays.copyOf(whole, 5), new byte[whole.length]}) {
            Files.write(file, damaged);
            assertThat(entries.names("")).containsExactlyInAnyOrder("sound", "a/Damaged");
            assertThat(entries.get("sound")).isPresent();
            assertThatThrownBy(() -> entries.get("a/Damaged")).isInstanceOf(CorruptDataException.class);
        }
    }

    @Test
    void aDamagedEntryIsNeverTakenForAnother() throws Exception {
        entries.write(OLD, Change.create("entry", new byte[] {1, 2, 3}), "1");
        Path file = FileElection.list(election.entries(), "entry-entry.*").get(0);
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 0x40;
            Files.write(file, changed);
            assertThatThrownBy(() -> entries.get("entry")).as("byte %d", at).isInstanceOf(CorruptDataException.class);
            Files.write(file, Arrays.copyOf(whole, at));
            assertThatThrownBy(() -> entries.get("entry")).as("cut at %d", at).isInstanceOf(CorruptDataException.class);
        }
        Files.write(file, Arrays.copyOf(whole, whole.length + 1));
        assertThatThrownBy(() -> entries.get("entry")).isInstanceOf(CorruptDataException.class);
        Files.write(file, whole);
        assertThat(entries.get("entry")).isPresent();
    }
}
