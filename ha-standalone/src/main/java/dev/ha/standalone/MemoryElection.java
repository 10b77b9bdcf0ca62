package dev.ha.standalone;

import dev.ha.ConflictException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import dev.ha.store.Entry;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One election in memory: its queue, records, followers and entries. Not thread-safe: only {@link MemoryCluster#inElection} hands it out. It calls nobody;
 * what is to be told is added to a list of reports.
 */
final class MemoryElection {
    private final String historyId;
    /** In the order of arrival; the first one leads. */
    private final LinkedHashSet<Candidate> queue = new LinkedHashSet<>();

    private final Set<Following> followers = new LinkedHashSet<>();
    private final TreeMap<String, Entry> entries = new TreeMap<>();
    private Map<String, LeaderRecord> records = Map.of();
    private long revision = MemoryCluster.next();

    MemoryElection(String historyId) {
        this.historyId = historyId;
    }

    boolean isForgettable() {
        return queue.isEmpty() && followers.isEmpty() && entries.isEmpty();
    }

    void join(Candidate candidate, List<Runnable> reports) {
        queue.add(candidate);
        if (queue.size() == 1) {
            grantFirst(reports);
            changed(Reason.SUPERSEDED, reports);
        }
    }

    void leave(Candidate candidate, List<Runnable> reports) {
        boolean led = leader() == candidate;
        queue.remove(candidate);
        if (led) {
            records = Map.of();
            grantFirst(reports);
            changed(Reason.RESIGNED, reports);
        }
    }

    void publish(Candidate candidate, Map<String, LeaderRecord> wanted, List<Runnable> reports) {
        requireLeads(candidate, "publishing");
        records = Map.copyOf(wanted);
        changed(Reason.CONFIRMED, reports);
    }

    void follow(Following following, List<Runnable> reports) {
        followers.add(following);
        ElectionState now = state(Reason.INITIAL);
        reports.add(() -> following.seen(now));
    }

    void unfollow(Following following) {
        followers.remove(following);
    }

    ElectionState state(Reason reason) {
        return new ElectionState(historyId, revision, leaderToken(), records, reason);
    }

    /** The new version; empty after a deletion. */
    String write(Candidate candidate, Change change) {
        requireLeads(candidate, change.toString());
        Entry found = entries.get(change.name());
        boolean met = change.kind() == Change.Kind.CREATE
                ? found == null
                : found != null && found.version().equals(change.expectedVersion());
        if (!met) {
            throw new ConflictException(change + ": found " + (found == null ? "no entry" : found));
        }
        if (change.kind() == Change.Kind.DELETE) {
            entries.remove(change.name());
            return "";
        }
        String version = Long.toString(MemoryCluster.next());
        entries.put(change.name(), new Entry(change.name(), change.value(), version, change.writeId()));
        return version;
    }

    Optional<Entry> entry(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    Set<String> entryNames(String prefix) {
        return entries.tailMap(prefix).keySet().stream()
                .takeWhile(name -> name.startsWith(prefix))
                .collect(Collectors.toUnmodifiableSet());
    }

    private @Nullable Candidate leader() {
        return queue.isEmpty() ? null : queue.iterator().next();
    }

    private long leaderToken() {
        Candidate leader = leader();
        return leader == null ? 0 : leader.token();
    }

    private void grantFirst(List<Runnable> reports) {
        Candidate first = leader();
        if (first != null) {
            Grant grant = first.win();
            reports.add(() -> first.candidacy.granted(grant));
        }
    }

    private void requireLeads(Candidate candidate, String act) {
        if (leader() != candidate) {
            throw new LeadershipLostException(
                    act + " refused: this candidacy does not lead", candidate.token(), leaderToken());
        }
    }

    private void changed(Reason reason, List<Runnable> reports) {
        revision = MemoryCluster.next();
        ElectionState now = state(reason);
        followers.forEach(following -> reports.add(() -> following.seen(now)));
    }

    /** One place in the queue. */
    static final class Candidate {
        private final Candidacy candidacy;
        private final Supplier<Grant> nextGrant;
        private @Nullable Grant grant;

        Candidate(Candidacy candidacy, Supplier<Grant> nextGrant) {
            this.candidacy = candidacy;
            this.nextGrant = nextGrant;
        }

        private Grant win() {
            Grant won = nextGrant.get();
            grant = won;
            return won;
        }

        /** 0 while it waits. */
        private long token() {
            return grant == null ? 0 : grant.fencingToken();
        }
    }
}
