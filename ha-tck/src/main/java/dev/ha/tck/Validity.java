package dev.ha.tck;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.LongPredicate;

/**
 * The history of all handles of one test, of this and of other processes: when the handle of each was proven valid. Judges rules 1.1, 1.2 and 1.6 from it.
 *
 * <p>Times are {@link System#nanoTime()} of whoever sampled. On Linux that is CLOCK_MONOTONIC, one clock for all processes of a machine; that a child's agrees with
 * ours is checked when it starts ({@link ChildContender}). A sample is bracketed by two readings of the clock, and an interval goes from the later one of the
 * first valid sample to the earlier one of the last: it is never longer than the truth, so an overlap that is reported has happened.
 */
final class Validity {
    private final List<Grant> grants = new CopyOnWriteArrayList<>();

    /** One handle, and what is known of its validity. */
    static final class Grant {
        private final String contender;
        private final String election;
        private final UUID sessionId;
        private final String historyId;
        private final long token;
        private boolean seenValid;
        private boolean seenInvalid;
        private long from;
        private long to;
        private Optional<String> revival = Optional.empty();

        private Grant(String contender, String election, UUID sessionId, String historyId, long token) {
            this.contender = contender;
            this.election = election;
            this.sessionId = sessionId;
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

    /** A new handle was granted. */
    Grant granted(String contender, String election, UUID sessionId, String historyId, long token) {
        Grant grant = new Grant(contender, election, sessionId, historyId, token);
        grants.add(grant);
        return grant;
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
        return grants.stream().flatMap(grant -> grant.revival().stream()).toList();
    }

    /**
     * What a monitor has to tell, as {@link Alerts#story}, whose follower was told the grants {@code seen} by their tokens: who leads is known from the
     * contenders themselves. For one election and one history; a contender's address is its name's.
     */
    List<String> changes(LongPredicate seen) {
        List<Grant> told = grants.stream()
                .filter(grant -> seen.test(grant.token))
                .sorted(Comparator.comparingLong(grant -> grant.token))
                .toList();
        List<String> changes = new ArrayList<>();
        for (int i = 0; i < told.size(); i++) {
            Grant grant = told.get(i);
            if (i == 0) {
                changes.add(Alerts.step("ELECTED", "", grant.token));
            } else {
                Grant before = told.get(i - 1);
                String type = before.contender.equals(grant.contender) ? "RE_ELECTED" : "SWITCHED";
                changes.add(Alerts.step(type, before.token, grant.token));
            }
        }
        return changes;
    }

    /** The last instant at which a handle of that grant was certainly valid. */
    long lastValid(UUID sessionId) {
        return grants.stream()
                .filter(grant -> grant.sessionId.equals(sessionId))
                .mapToLong(Grant::lastValid)
                .max()
                .orElseThrow();
    }

    private void pairs(BiConsumer<Interval, Interval> judge) {
        List<Interval> intervals = grants.stream()
                .flatMap(grant -> grant.interval().stream())
                .sorted(Comparator.comparingLong(Interval::from))
                .toList();
        for (int i = 0; i < intervals.size(); i++) {
            for (int j = i + 1; j < intervals.size(); j++) {
                Interval earlier = intervals.get(i);
                Interval later = intervals.get(j);
                // Components of one process share a grant.
                boolean sameGrant = earlier.grant.sessionId.equals(later.grant.sessionId);
                if (earlier.grant.election.equals(later.grant.election) && !sameGrant) {
                    judge.accept(earlier, later);
                }
            }
        }
    }
}
