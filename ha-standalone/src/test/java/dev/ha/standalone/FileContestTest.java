package dev.ha.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The steps of a grant where candidates meet in the middle of it. */
class FileContestTest {
    private final FileElection election;
    private final List<FileTerm> terms = new ArrayList<>();
    private final List<FileContest> contests = new ArrayList<>();

    FileContestTest(@TempDir Path directory) {
        election = new FileElection(directory.resolve("e"));
    }

    @BeforeEach
    void create() throws IOException {
        election.create();
    }

    @AfterEach
    void release() throws IOException {
        for (FileTerm term : terms) {
            term.release();
        }
        for (FileContest contest : contests) {
            contest.leave();
        }
    }

    private FileContest contest(FileElection seenAs) {
        FileContest contest = new FileContest(seenAs);
        contests.add(contest);
        return contest;
    }

    private Optional<FileTerm> tryWin(FileContest contest) throws IOException {
        Optional<FileTerm> won = contest.tryWin("process", Instant.now());
        won.ifPresent(terms::add);
        return won;
    }

    @Test
    void aTermEndsBeforeTheNextOneBegins() throws Exception {
        FileTerm first = tryWin(contest(election)).orElseThrow();
        FileContest next = contest(election);
        assertThat(tryWin(next)).isEmpty();
        assertThat(next.hasLock()).isFalse();
        Files.delete(election.lock());
        assertThat(tryWin(next)).isEmpty();
        assertThat(next.hasLock()).isTrue();
        assertThat(election.latestSeal()).contains(first.seal());
        first.release();
        FileTerm second = tryWin(next).orElseThrow();
        assertThat(second.seal().token()).isGreaterThan(first.seal().token());
        assertThat(second.seal().historyId()).isEqualTo(first.seal().historyId());
        assertThat(election.holders()).containsExactly(second.seal().token());
    }

    /** Two candidates have two lock files; the slower one listed the holder files before the faster one won. */
    @Test
    void aWinnerThatAFirstListingMissedIsSeenByTheSecond() throws Exception {
        FileTerm old = tryWin(contest(election)).orElseThrow();
        Files.delete(election.lock());
        FileContest faster = contest(election);
        FileContest slower = contest(new FileElection(election.directory()) {
            private boolean listed;

            @Override
            List<Long> holders() throws IOException {
                List<Long> holders = super.holders();
                if (!listed) {
                    listed = true;
                    Files.delete(lock());
                    assertThat(tryWin(faster)).isEmpty();
                    old.release();
                    assertThat(tryWin(faster)).isPresent();
                }
                return holders;
            }
        });
        assertThat(tryWin(slower)).isEmpty();
        FileTerm winner = terms.get(1);
        assertThat(election.latestSeal()).contains(winner.seal());
        assertThat(winner.isInPlace()).isTrue();
    }

    @Test
    void aLockFileThatIsReplacedDuringAGrantMakesItVoid() throws Exception {
        FileContest contest = contest(new FileElection(election.directory()) {
            @Override
            void begin(FileRecord record) throws IOException {
                super.begin(record);
                Files.delete(lock());
                Files.createFile(lock());
            }
        });
        assertThat(tryWin(contest)).isEmpty();
        assertThat(election.holders()).isEmpty();
        FileContest next = contest(election);
        FileTerm won = tryWin(next).orElseThrow();
        assertThat(won.isInPlace()).isTrue();
    }

    /** SAFETY F5: a superseded leader that was stopped in the middle of a change keeps nobody from leading and publishing. */
    @Test
    void aGuardInTheHandsOfAStoppedProcessIsBroken() throws Exception {
        Path guard = election.directory().resolve("guard");
        try (OutsideHolder stopped = OutsideHolder.of(guard)) {
            FileContest contest = contest(election);
            Optional<FileTerm> won = Optional.empty();
            int tries = 0;
            while (won.isEmpty()) {
                won = tryWin(contest);
                assertThat(++tries).as("tries").isLessThan(20);
            }
            FileTerm term = won.get();
            assertThat(election.guarded(() -> election.publish(
                            term.seal(),
                            new FileRecord(
                                    term.seal().historyId(),
                                    term.seal().token(),
                                    term.revision() + 1,
                                    true,
                                    Map.of()))))
                    .isTrue();
            stopped.release();
            assertThat(term.isInPlace()).isTrue();
        }
    }

    /** What a predecessor publishes until it is sealed out counts as earlier. */
    @Test
    void theFirstRecordIsLaterThanAllBeforeIt() throws Exception {
        FileTerm first = tryWin(contest(election)).orElseThrow();
        FileContest next = contest(new FileElection(election.directory()) {
            @Override
            void seal(FileSeal seal) throws IOException {
                election.publish(
                        first.seal(),
                        new FileRecord(
                                first.seal().historyId(), first.seal().token(), Long.MAX_VALUE / 8, true, Map.of()));
                super.seal(seal);
            }
        });
        first.release();
        assertThat(tryWin(next).orElseThrow().revision()).isEqualTo(Long.MAX_VALUE / 8 + 1);
        assertThat(election.published().orElseThrow().revision()).isEqualTo(Long.MAX_VALUE / 8 + 1);
    }

    @Test
    void tokensRiseOverWhateverIsLeft() throws Exception {
        FileTerm first = tryWin(contest(election)).orElseThrow();
        long ahead = first.seal().token() + 1_000_000_000_000L;
        first.release();
        Files.createFile(election.holder(ahead));
        FileTerm second = tryWin(contest(election)).orElseThrow();
        assertThat(second.seal().token()).isEqualTo(ahead + 1);
        second.release();
        FileTerm third = tryWin(contest(election)).orElseThrow();
        assertThat(third.seal().token()).isEqualTo(ahead + 2);
    }
}
