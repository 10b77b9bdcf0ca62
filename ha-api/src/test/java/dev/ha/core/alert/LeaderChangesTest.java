package dev.ha.core.alert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.Reason;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChange.Gap;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What is told and what is not, in every order that there is. */
final class LeaderChangesTest {
    private static final long UNIT = Duration.ofSeconds(5).toNanos();
    private static final int GRACE = 2;
    private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

    /** A monitor, the timer that it asks for, and a clock that both share. */
    private static final class World {
        private final LeaderChanges changes = new LeaderChanges("reports", "leader", Duration.ofNanos(GRACE * UNIT), 7);
        private final List<LeaderChange> found = new ArrayList<>();
        private int time;

        World tell(LeaderInformation information) {
            changes.told(information, now(), wall()).ifPresent(found::add);
            return timer();
        }

        /** Time passes, in units. */
        World pass(int units) {
            for (int i = 0; i < units; i++) {
                time++;
                timer();
            }
            return this;
        }

        private World timer() {
            if (changes.deadline().isPresent() && changes.deadline().getAsLong() <= now()) {
                LeaderChange lost = changes.elapsed(now(), wall()).orElseThrow();
                found.add(lost);
            }
            assertThat(changes.elapsed(now(), wall())).as("before its time").isEmpty();
            return this;
        }

        private long now() {
            return 7 + time * UNIT;
        }

        private Instant wall() {
            return EPOCH.plusNanos(time * UNIT);
        }

        List<LeaderChange> found() {
            return found;
        }
    }

    private static Leader leader(String address, long token) {
        return leader(address, token, "h1", Reason.CONFIRMED);
    }

    private static Leader leader(String address, long token, String history, Reason reason) {
        return new Leader(new UUID(history.hashCode(), token), token, address, history, reason);
    }

    private static None none(Reason reason) {
        return new None(reason);
    }

    private static Unknown unknown() {
        return new Unknown(EPOCH, Optional.empty(), Reason.CONNECTION_LOST);
    }

    // ---- one by one

    @Test
    void aLeaderThatIsThereAtTheBeginningIsElected() {
        List<LeaderChange> found = new World().tell(leader("a", 1)).pass(9).found();
        assertThat(shown(found)).containsExactly("ELECTED null -> a1 UNKNOWN 0");
        assertThat(found.get(0).oldLastSeen()).isEmpty();
    }

    @Test
    void everythingAboutAChangeIsTold() {
        World world = new World()
                .tell(leader("a", 1))
                .pass(3)
                .tell(none(Reason.EXPIRED))
                .pass(1);
        LeaderChange change = world.tell(leader("b", 2)).found().get(1);
        assertThat(change)
                .isEqualTo(new LeaderChange(
                        LeaderChange.Type.SWITCHED,
                        "reports",
                        "leader",
                        Optional.of(leader("a", 1)),
                        Optional.of(EPOCH.plusSeconds(15)),
                        Optional.of(leader("b", 2)),
                        EPOCH.plusSeconds(20),
                        Duration.ofSeconds(5),
                        Gap.LEADERLESS,
                        Reason.EXPIRED));
        assertThat(change.summary())
                .isEqualTo("reports is led by b (token 2), no longer by a (token 1), after 5.0 s without a leader;"
                        + " reason EXPIRED");
    }

    @Test
    void withoutAGapTheReasonIsThatOfTheNewLeaderAndTheOldOneWasSeenUntilNow() {
        LeaderChange change = new World()
                .tell(leader("a", 1))
                .pass(1)
                .tell(leader("b", 2))
                .found()
                .get(1);
        assertThat(change.reason()).isEqualTo(Reason.CONFIRMED);
        assertThat(change.oldLastSeen()).contains(EPOCH.plusSeconds(5));
        assertThat(change.gap()).isEqualTo(Gap.DIRECT);
        assertThat(change.leaderless()).isZero();
    }

    @Test
    void aShortGapOfTheSameSessionIsNothing() {
        World world = new World().tell(leader("a", 1));
        for (int i = 0; i < 5; i++) {
            world.tell(unknown())
                    .pass(1)
                    .tell(leader("a", 1))
                    .tell(none(Reason.VANISHED))
                    .pass(1);
            world.tell(leader("a", 1));
        }
        assertThat(shown(world.found())).containsExactly("ELECTED null -> a1 UNKNOWN 0");
    }

    @Test
    void afterAnAlarmTheSameSessionIsRestored() {
        World world = new World().tell(leader("a", 1)).tell(unknown()).pass(7).tell(leader("a", 1));
        assertThat(shown(world.found()))
                .containsExactly(
                        "ELECTED null -> a1 UNKNOWN 0", "LOST a1 -> null UNKNOWN 2", "RESTORED a1 -> a1 UNKNOWN 7");
    }

    @Test
    void nobodyForSureIsToldEvenThoughItWasUnknownBefore() {
        World world = new World()
                .tell(leader("a", 1))
                .tell(unknown())
                .pass(3)
                .tell(none(Reason.EXPIRED))
                .pass(9);
        assertThat(shown(world.found()).subList(1, world.found().size()))
                .containsExactly("LOST a1 -> null UNKNOWN 2", "LOST a1 -> null LEADERLESS 5");
    }

    @Test
    void aHandoverThatIsSeenAfterALongCutIsNoLoss() {
        World world = new World().tell(leader("a", 1)).tell(unknown()).pass(1).tell(none(Reason.RESIGNED));
        world.pass(1).tell(leader("b", 2));
        assertThat(shown(world.found()).subList(1, world.found().size()))
                .containsExactly("SWITCHED a1 -> b2 LEADERLESS 2");
    }

    @Test
    void nobodyAtAllIsLostToo() {
        assertThat(shown(new World().pass(9).found())).containsExactly("LOST null -> null UNKNOWN 2");
        assertThat(shown(new World()
                        .tell(none(Reason.INITIAL))
                        .pass(9)
                        .tell(leader("a", 1))
                        .found()))
                .containsExactly("LOST null -> null LEADERLESS 2", "ELECTED null -> a1 LEADERLESS 9");
    }

    @Test
    void anotherHistoryIsAResetEvenIfNobodySaysSo() {
        World world = new World().tell(leader("a", 1)).tell(leader("a", 9, "h2", Reason.CONFIRMED));
        assertThat(shown(world.found())).last().isEqualTo("HISTORY_RESET a1 -> a9 DIRECT 0");
    }

    @Test
    void theDataCanBeSetBackUnderALeaderThatLeadsOn() {
        World world = new World().tell(leader("a", 1)).tell(none(Reason.HISTORY_RESET));
        world.tell(leader("a", 1, "h1", Reason.HISTORY_RESET));
        assertThat(shown(world.found())).last().isEqualTo("HISTORY_RESET a1 -> a1 LEADERLESS 0");
        assertThat(shown(world.tell(leader("b", 2)).found())).last().isEqualTo("SWITCHED a1 -> b2 DIRECT 0");
    }

    // ---- all at once

    /** Enough to have two leaders at one address, a third one elsewhere, a reset, a forged record, and time for the grace to end. */
    private static final Map<Character, Optional<LeaderInformation>> SYMBOLS = new TreeMap<>(Map.of(
            '1', Optional.of(leader("a", 1)),
            '2', Optional.of(leader("a", 2)),
            '3', Optional.of(leader("b", 3)),
            'R', Optional.of(leader("b", 1, "h2", Reason.HISTORY_RESET)),
            'F', Optional.of(new Leader(new UUID(6, 6), 1, "c", "h1", Reason.CONFIRMED)),
            'N', Optional.of(none(Reason.VANISHED)),
            'U', Optional.of(unknown()),
            't', Optional.empty()));

    private static final int LENGTH = 6;

    /** What is told then; empty when time passes. */
    private static Optional<LeaderInformation> symbol(char symbol) {
        return Objects.requireNonNull(SYMBOLS.get(symbol));
    }

    @Test
    void everySequenceIsToldAsTheDefinitionSays() {
        int[] tried = new int[1];
        extend("", tried);
        assertThat(tried[0]).isEqualTo((int) Math.pow(SYMBOLS.size(), LENGTH));
    }

    private static void extend(String sequence, int[] tried) {
        if (sequence.length() < LENGTH) {
            SYMBOLS.keySet().forEach(symbol -> extend(sequence + symbol, tried));
            return;
        }
        tried[0]++;
        World world = new World();
        sequence.chars().forEach(symbol -> symbol((char) symbol).ifPresentOrElse(world::tell, () -> world.pass(1)));
        List<String> expected = new Oracle(sequence).expected();
        if (!shown(world.found()).equals(expected)) {
            assertThat(shown(world.found())).as(sequence).isEqualTo(expected);
        }
    }

    private static List<String> shown(List<LeaderChange> found) {
        return found.stream()
                .map(change -> change.type() + " " + shown(change.oldLeader()) + " -> " + shown(change.newLeader())
                        + " " + change.gap() + " " + change.leaderless().toNanos() / UNIT)
                .toList();
    }

    private static String shown(Optional<Leader> leader) {
        return leader.map(known -> known.address() + known.fencingToken()).orElse("null");
    }

    /** The definition, asked for each instant anew with all of the past in view: no state is carried from one to the next. */
    private record Oracle(String sequence) {
        List<String> expected() {
            List<String> expected = new ArrayList<>();
            for (int at = 0; at < sequence.length(); at++) {
                if (isLeader(at) && isEffective(at)) {
                    tell(expected, at);
                }
                for (Gap gap : List.of(Gap.UNKNOWN, Gap.LEADERLESS)) {
                    if (isLost(at, gap) && !wasLost(at - 1, gap)) {
                        expected.add("LOST " + counted(at) + " -> null " + gap + " " + (time(at) - goneSince(at)));
                    }
                }
            }
            return expected;
        }

        private boolean isLeader(int at) {
            return symbol(sequence.charAt(at))
                    .flatMap(LeaderInformation::leader)
                    .isPresent();
        }

        private Leader leader(int at) {
            return symbol(sequence.charAt(at))
                    .flatMap(LeaderInformation::leader)
                    .orElseThrow();
        }

        private int time(int at) {
            return (int)
                    sequence.substring(0, at + 1).chars().filter(c -> c == 't').count();
        }

        /** The last position before {@code at} whose leader counted; -1: none. */
        private int countedBefore(int at) {
            int before = at - 1;
            while (before >= 0 && (!isLeader(before) || !counts(before))) {
                before--;
            }
            return before;
        }

        /** Larger than every token since the last reset, or a reset itself. */
        private boolean counts(int at) {
            long largest = 0;
            for (int i = 0; i < at; i++) {
                if (isLeader(i)) {
                    boolean reset = leader(i).reason() == Reason.HISTORY_RESET;
                    largest = reset
                            ? leader(i).fencingToken()
                            : Math.max(largest, leader(i).fencingToken());
                }
            }
            return leader(at).reason() == Reason.HISTORY_RESET || leader(at).fencingToken() > largest;
        }

        /** Counts, or is the one that counted last. */
        private boolean isEffective(int at) {
            int before = countedBefore(at);
            return counts(at) || (before >= 0 && sequence.charAt(before) == sequence.charAt(at));
        }

        /** The present or last effective leader, by position. */
        private int effective(int at) {
            int last = at;
            while (last >= 0 && (!isLeader(last) || !isEffective(last))) {
                last--;
            }
            return last;
        }

        private String counted(int at) {
            int last = effective(at);
            return last < 0 ? "null" : leader(last).address() + leader(last).fencingToken();
        }

        /** What was told between {@code from} and {@code to}, neither included, that is no leader. */
        private String absences(int from, int to) {
            return sequence.substring(from + 1, to).replaceAll("[^NU]", "");
        }

        private Gap gap(int at) {
            int last = effective(at);
            String told = absences(last, at + 1);
            if (told.isEmpty()) {
                return last < 0 ? Gap.UNKNOWN : Gap.DIRECT;
            }
            return told.endsWith("N") ? Gap.LEADERLESS : Gap.UNKNOWN;
        }

        /** Since when no leader is known; the watch begins at 0. */
        private int goneSince(int at) {
            int last = effective(at);
            if (last < 0) {
                return 0;
            }
            int first = last + 1;
            while (first <= at && "NU".indexOf(sequence.charAt(first)) < 0) {
                first++;
            }
            return time(first);
        }

        /** Since when certainly nobody leads: the first None that no Unknown follows. */
        private int noneSince(int at) {
            int first = at;
            int since = at;
            while (first > effective(at) && sequence.charAt(first) != 'U') {
                since = sequence.charAt(first) == 'N' ? first : since;
                first--;
            }
            return time(since);
        }

        private boolean isLost(int at, Gap gap) {
            if (gap(at) != gap) {
                return false;
            }
            return gap == Gap.UNKNOWN
                    ? time(at) - goneSince(at) >= GRACE && !wasLost(at - 1, Gap.LEADERLESS)
                    : time(at) - noneSince(at) >= GRACE;
        }

        /** Within the gap that there is at {@code at}. */
        private boolean wasLost(int at, Gap gap) {
            for (int i = at; i >= 0 && i > effective(at); i--) {
                if (isLost(i, gap)) {
                    return true;
                }
            }
            return false;
        }

        private void tell(List<String> expected, int at) {
            int before = at == 0 ? -1 : effective(at - 1);
            String old = at == 0 ? "null" : counted(at - 1);
            Gap gap = at == 0 ? Gap.UNKNOWN : gap(at - 1);
            boolean again = before >= 0 && sequence.charAt(before) == sequence.charAt(at);
            boolean alarmed = at > 0 && (wasLost(at - 1, Gap.UNKNOWN) || wasLost(at - 1, Gap.LEADERLESS));
            if (again && (gap == Gap.DIRECT || (!alarmed && sequence.charAt(at) != 'R'))) {
                return;
            }
            String type;
            if (sequence.charAt(at) == 'R') {
                type = "HISTORY_RESET";
            } else if (before < 0) {
                type = "ELECTED";
            } else if (again) {
                type = "RESTORED";
            } else if (sequence.charAt(before) == 'R') {
                type = "HISTORY_RESET"; // back to the first history, with a larger token
            } else {
                type = leader(before).address().equals(leader(at).address()) ? "RE_ELECTED" : "SWITCHED";
            }
            int leaderless = gap == Gap.DIRECT ? 0 : time(at) - (at == 0 ? 0 : goneSince(at - 1));
            expected.add(type + " " + old + " -> " + shown(Optional.of(leader(at))) + " " + gap + " " + leaderless);
        }
    }
}
