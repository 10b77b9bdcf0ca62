package dev.ha.tck;

import dev.ha.LeaderInformation.Leader;
import dev.ha.alert.LeaderChange;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** What a monitor has told, in order. */
final class Alerts implements Consumer<LeaderChange> {
    private final String name;
    private final List<LeaderChange> told = new CopyOnWriteArrayList<>();

    Alerts(String name) {
        this.name = name;
    }

    @Override
    public void accept(LeaderChange change) {
        told.add(change);
    }

    List<LeaderChange> told() {
        return List.copyOf(told);
    }

    /** Type and tokens of each: {@code SWITCHED 3>4}; {@code LOST UNKNOWN 4>}. */
    List<String> story() {
        return told.stream().map(Alerts::shown).toList();
    }

    private static String shown(LeaderChange change) {
        String type = change.type() == LeaderChange.Type.LOST
                ? "LOST " + change.gap()
                : change.type().name();
        return step(type, token(change.oldLeader()), token(change.newLeader()));
    }

    /** What {@link #story} says of a change from the one token to the other. */
    static String step(String type, Object before, Object after) {
        return type + " " + before + ">" + after;
    }

    private static String token(Optional<Leader> leader) {
        return leader.map(known -> Long.toString(known.fencingToken())).orElse("");
    }

    @Override
    public String toString() {
        return name + (told.isEmpty() ? " told nothing" : " told: " + told);
    }
}
