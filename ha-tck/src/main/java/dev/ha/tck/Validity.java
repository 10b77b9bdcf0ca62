package dev.ha.tck;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The history of all grants of one test, of this and of other processes: when the handle of each was proven valid. Judges rules 1.1, 1.2 and 1.6 from it.
 *
 * <p>Times are {@link System#nanoTime()} of whoever sampled. On Linux that is CLOCK_MONOTONIC, one clock for all processes of a machine; that a child's agrees with
 * ours is checked when it starts ({@link ChildContender}). A sample is bracketed by two readings of the clock, and an interval goes from the later one of the
 * first valid sample to the earlier one of the last: it is never longer than the truth, so an overlap that is reported has happened.
 */
final class Validity {
    private final Map<String, Grant> grants = new ConcurrentHashMap<>();

    /** One win of a lock, and what is known of its validity. */
    static final class Grant {
        private final String contender;
        private final String election;
        private final String historyId;
        private final long token;
        private boolean seenValid;
        private boolean seenInvalid;
        private long from;
        private long to;
        private Optional<String> revival = Optional.empty();

        private Grant(String contender, String election, String historyId, long token) {
            this.contender = contender;
            this.election = election;
            this.historyId = historyId;
            this.token = token;
        }

        /** {@code isValid()} was asked after {@code before}, and had answered by {@code after}. */
        synchronized void sampled(boolean valid, long before, long after) {
            if (!valid) {
                seenInvalid = true;
                return;
            }
            if (seenInvalid) {
                revived();
            }
            proven(after, before);
        }

        /** Was valid at both instants, and so between them. */
        synchronized void proven(long first, long last) {
            from = seenValid ? Math.min(from, first) : first;
            to = seenValid ? Math.max(to, last) : last;
            seenValid = true;
        }

        /** Was valid after it had been invalid. */
        synchronized void revived() {
            revival = Optional.of("the " + this + " was valid again after it had been invalid");
        }

        /** The last instant at which it was certainly valid. */
        synchronized long lastValid() {
            return to;
        }

        private synchronized Optional<String> revival() {
            return revival;
        }

        private synchronized Optional<Interval> interval() {
            return seenValid ? Optional.of(new Interval(this, from, to)) : Optional.empty();
        }

        @Override
        public String toString() {
            return "grant of " + contender + " (token " + token + ")";
        }
    }

    private record Interval(Grant grant, long from, long to) {}

    /** A new grant; {@code id} is the same for all who report it, and unique among all processes. */
    Grant granted(String id, String contender, String election, String historyId, long token) {
        return grants.computeIfAbsent(id, unused -> new Grant(contender, election, historyId, token));
    }

    /** Pairs of grants of one election that were valid at one instant for longer than {@code allowed}. */
    List<String> overlaps(Duration allowed) {
        List<String> found = new ArrayList<>();
        pairs((earlier, later) -> {
            long overlap = Math.min(earlier.to, later.to) - Math.max(earlier.from, later.from);
            if (overlap > allowed.toNanos()) {
                found.add("the " + earlier.grant + " and the " + later.grant + " were both valid for at least "
                        + overlap / 1_000 + " microseconds");
            }
        });
        return found;
    }

    /** Pairs of grants of one election and one history of which the later has no larger token. */
    List<String> tokensOutOfOrder() {
        List<String> found = new ArrayList<>();
        pairs((earlier, later) -> {
            if (earlier.grant.historyId.equals(later.grant.historyId) && later.grant.token <= earlier.grant.token) {
                found.add("after the " + earlier.grant + " came the " + later.grant + " of the same history");
            }
        });
        return found;
    }

    /** Grants whose handle was valid again. */
    List<String> revivals() {
        return grants.values().stream()
                .flatMap(grant -> grant.revival().stream())
                .toList();
    }

    /** How many grants there were. */
    int grants() {
        return grants.size();
    }

    private void pairs(java.util.function.BiConsumer<Interval, Interval> judge) {
        List<Interval> intervals = grants.values().stream()
                .flatMap(grant -> grant.interval().stream())
                .sorted(Comparator.comparingLong(Interval::from))
                .toList();
        for (int i = 0; i < intervals.size(); i++) {
            for (int j = i + 1; j < intervals.size(); j++) {
                if (intervals.get(i).grant.election.equals(intervals.get(j).grant.election)) {
                    judge.accept(intervals.get(i), intervals.get(j));
                }
            }
        }
    }
}
