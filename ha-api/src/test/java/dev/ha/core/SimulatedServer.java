package dev.ha.core;

import dev.ha.spi.LeaderRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** A coordination service: sessions that expire, a queue of candidates per election, records that only the holder can write. */
final class SimulatedServer {
    static final Duration SESSION = Duration.ofSeconds(10);

    private final Simulation simulation;
    private final Map<String, List<Candidate>> queues = new HashMap<>();
    private final Map<String, Map<String, LeaderRecord>> records = new HashMap<>();
    private final Map<Long, Session> sessions = new HashMap<>();
    private final Set<Long> removed = new HashSet<>();
    private long tokens;
    private long ids;

    /** A candidate and whom to tell. */
    record Candidate(
            long id,
            long session,
            String election,
            long token,
            Consumer<Long> granted,
            Consumer<Map<String, LeaderRecord>> seen) {}

    private static final class Session {
        private long expires;
        private Runnable expired = () -> {};
    }

    SimulatedServer(Simulation simulation) {
        this.simulation = simulation;
    }

    long newId() {
        return ++ids;
    }

    /** Opens session {@code id}, or renews it; false when it has expired. {@code expired} is told when it does. */
    boolean renew(long id, boolean open, Runnable expired) {
        Session session = sessions.get(id);
        if (session == null) {
            if (!open) {
                return false;
            }
            session = new Session();
            session.expired = expired;
            sessions.put(id, session);
        }
        session.expires = simulation.now() + SESSION.toNanos();
        simulation.after(SESSION, null, () -> expireIfDue(id));
        return true;
    }

    private void expireIfDue(long id) {
        Session session = sessions.get(id);
        if (session != null && simulation.now() >= session.expires) {
            expire(id);
        }
    }

    /** Ends a session with all its candidates; gives the tokens that it held. */
    Set<Long> expire(long id) {
        Set<Long> held = new HashSet<>();
        Session session = sessions.remove(id);
        if (session != null) {
            simulation.log("server: session " + id + " expired");
            for (List<Candidate> queue : List.copyOf(queues.values())) {
                for (Candidate candidate : List.copyOf(queue)) {
                    if (candidate.session == id) {
                        held.add(candidate.token);
                        remove(candidate.election, candidate.id);
                    }
                }
            }
            session.expired.run();
        }
        return held;
    }

    /** Queues a candidate; false if its session is over or it was removed before this request came. */
    boolean enqueue(
            long id, long session, String election, Consumer<Long> granted, Consumer<Map<String, LeaderRecord>> seen) {
        List<Candidate> queue = queues.computeIfAbsent(election, name -> new ArrayList<>());
        if (!sessions.containsKey(session)
                || removed.contains(id)
                || queue.stream().anyMatch(c -> c.id == id)) {
            return false;
        }
        Candidate candidate = new Candidate(id, session, election, ++tokens, granted, seen);
        queue.add(candidate);
        if (queue.get(0).equals(candidate)) {
            tellHolder(election);
        }
        return true;
    }

    /** What a candidate finds when it looks: empty if it is gone, else the holder's token or 0 while it waits. */
    Optional<Long> look(String election, long id) {
        List<Candidate> queue = queues.getOrDefault(election, List.of());
        return queue.stream()
                .filter(candidate -> candidate.id == id)
                .map(candidate -> queue.get(0).equals(candidate) ? candidate.token : 0L)
                .findFirst();
    }

    /** Removes a candidate, or sees to it that it never appears. */
    void remove(String election, long id) {
        removed.add(id);
        List<Candidate> queue = queues.getOrDefault(election, List.of());
        boolean held = !queue.isEmpty() && queue.get(0).id == id;
        if (!queue.isEmpty()) {
            queue.removeIf(candidate -> candidate.id == id);
        }
        if (held) {
            records.remove(election);
            tellHolder(election);
        }
    }

    private void tellHolder(String election) {
        List<Candidate> queue = queues.getOrDefault(election, List.of());
        if (!queue.isEmpty()) {
            Candidate holder = queue.get(0);
            simulation.log(
                    "server: " + election + " is held by token " + holder.token + " of session " + holder.session);
            holder.granted.accept(holder.token);
        }
    }

    /** Replaces the records if {@code id} holds the lock. */
    boolean publish(String election, long id, Map<String, LeaderRecord> wanted) {
        List<Candidate> queue = queues.getOrDefault(election, List.of());
        if (queue.isEmpty() || queue.get(0).id != id) {
            return false;
        }
        records.put(election, wanted);
        queue.get(0).seen.accept(wanted);
        return true;
    }

    /** Somebody tampers with the records. */
    void overwrite(String election, Map<String, LeaderRecord> foreign) {
        List<Candidate> queue = queues.getOrDefault(election, List.of());
        if (!queue.isEmpty()) {
            records.put(election, foreign);
            queue.get(0).seen.accept(foreign);
        }
    }

    Map<String, LeaderRecord> records(String election) {
        return records.getOrDefault(election, Map.of());
    }

    /** The token of the holder; 0 if there is none. */
    long holder(String election) {
        List<Candidate> queue = queues.getOrDefault(election, List.of());
        return queue.isEmpty() ? 0 : queue.get(0).token;
    }

    /** How many candidates queue. */
    int queued(String election) {
        return queues.getOrDefault(election, List.of()).size();
    }
}
