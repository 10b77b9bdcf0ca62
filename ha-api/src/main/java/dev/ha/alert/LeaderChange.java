package dev.ha.alert;

import dev.ha.LeaderElectionService;
import dev.ha.LeaderInformation.Leader;
import dev.ha.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What has become of the leader of an election, as one watcher sees it. Immutable.
 *
 * @param type what it is
 * @param election its name
 * @param component of the election
 * @param oldLeader the last leader that counted before; empty if this watcher has never seen one
 * @param oldLastSeen when it was last known to lead, by this machine's wall clock; there with {@code oldLeader}
 * @param newLeader who leads now; empty for {@link Type#LOST}
 * @param at when this was noticed, by this machine's wall clock: when the new leader was first seen (for
 *     {@link Type#RESTORED}: seen again), or when the grace time was over
 * @param leaderless how long this watcher knew no leader, by the monotonic clock; zero for {@link Gap#DIRECT}. Not how
 *     long nobody led: that may be longer, as a dead leader leads until its lease is over, and shorter for
 *     {@link Gap#UNKNOWN}
 * @param gap what this watcher was told last in that time
 * @param reason why the old leader was gone or out of sight, as told last by the backend; if nothing was told between
 *     the two, why the new one was told. Best effort
 */
public record LeaderChange(
        Type type,
        String election,
        String component,
        Optional<Leader> oldLeader,
        Optional<Instant> oldLastSeen,
        Optional<Leader> newLeader,
        Instant at,
        Duration leaderless,
        Gap gap,
        Reason reason) {

    /** What a change is. Tokens and session ids decide, never what was seen in between (rules 10.1 to 10.6). */
    public enum Type {
        /** The first leader that this watcher has ever seen. */
        ELECTED,
        /**
         * No leader was known for the whole of the grace time; {@link LeaderChange#gap()} says whether nobody leads or
         * nobody can be asked. Once for a gap; once more if it could not be known at first, and then nobody led for the
         * grace time.
         */
        LOST,
        /** After {@link #LOST} the same session is back: no election took place, only a link was broken. */
        RESTORED,
        /** The same address with a new session: the work of the leader was interrupted. */
        RE_ELECTED,
        /** Another address. */
        SWITCHED,
        /** The backend's data were wiped or restored: whoever compares fencing tokens has to be told (rule 5.5). */
        HISTORY_RESET
    }

    /** What lies between the old leader and the new one, or the present. More may be added. */
    public enum Gap {
        /** Nothing: one was told right after the other. */
        DIRECT,
        /** Certainly nobody led. */
        LEADERLESS,
        /** The backend could not be asked; the old leader may have led on. */
        UNKNOWN
    }

    /**
     * The same text for this change whoever watches, and whenever it is delivered: an alert system that is given it
     * merges what several watchers tell, and what is delivered twice.
     */
    public String key() {
        Optional<Leader> leader = newLeader.or(() -> oldLeader);
        String history = leader.map(Leader::historyId).orElse("");
        String which = type == Type.LOST ? type + "-" + gap : type.toString();
        return String.join("/", which, election, component, history, token(leader));
    }

    private static String token(Optional<Leader> leader) {
        return leader.map(known -> Long.toString(known.fencingToken())).orElse("");
    }

    /** One sentence for a person, without control characters. */
    public String summary() {
        String name = component.equals(LeaderElectionService.LEADER) ? election : election + " (" + component + ")";
        String sentence =
                switch (type) {
                    case ELECTED -> name + " is led by " + show(newLeader);
                    case LOST ->
                        gap == Gap.UNKNOWN
                                ? "who leads " + name + " can't be known for " + seconds() + last()
                                : name + " has no leader for " + seconds() + last();
                    case RESTORED ->
                        name + " is led by " + show(newLeader) + " as before, who was out of sight for " + seconds();
                    case RE_ELECTED ->
                        name + " is led by " + show(newLeader) + " again, elected anew after token " + token(oldLeader)
                                + between();
                    case SWITCHED ->
                        name + " is led by " + show(newLeader) + ", no longer by " + show(oldLeader) + between();
                    case HISTORY_RESET ->
                        "the data of " + name + " were wiped or restored, tokens begin anew; it is led by "
                                + show(newLeader) + last();
                };
        return printable(sentence + "; reason " + reason);
    }

    private String last() {
        return oldLeader.isPresent() ? ", last led by " + show(oldLeader) : "";
    }

    private String between() {
        return switch (gap) {
            case DIRECT -> "";
            case LEADERLESS -> ", after " + seconds() + " without a leader";
            case UNKNOWN -> ", after " + seconds() + " in which it could not be known";
        };
    }

    private String seconds() {
        return leaderless.toMillis() / 1000 + "." + leaderless.toMillis() % 1000 / 100 + " s";
    }

    private static String show(Optional<Leader> leader) {
        return leader.map(known -> known.address() + " (token " + known.fencingToken() + ")")
                .orElse("nobody");
    }

    /** What a stranger has published must not break a log or a terminal. */
    private static String printable(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /**
     * All of it by name: the fields of the webhook's JSON, the placeholders of its templates, and the environment of
     * {@code ha watch --exec}. Values are text or {@link Long}; null for what is not there. Names are stable, and more
     * may be added.
     */
    public Map<String, @Nullable Object> fields() {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("event", type.name());
        fields.put("election", election);
        fields.put("component", component);
        fields.put("at", at.toString());
        leader(fields, "old", oldLeader);
        fields.put("oldLastSeen", oldLastSeen.map(Instant::toString).orElse(null));
        leader(fields, "new", newLeader);
        fields.put("newFirstSeen", newLeader.map(there -> at.toString()).orElse(null));
        fields.put("leaderlessMillis", leaderless.toMillis());
        fields.put("gap", gap.name());
        fields.put("reason", reason.name());
        fields.put("key", key());
        fields.put("text", summary());
        return Collections.unmodifiableMap(fields);
    }

    private static void leader(Map<String, @Nullable Object> fields, String which, Optional<Leader> leader) {
        fields.put(which + "Address", leader.map(Leader::address).orElse(null));
        fields.put(which + "Token", leader.map(Leader::fencingToken).orElse(null));
        fields.put(
                which + "Session",
                leader.map(known -> known.sessionId().toString()).orElse(null));
        fields.put(which + "History", leader.map(Leader::historyId).orElse(null));
    }
}
