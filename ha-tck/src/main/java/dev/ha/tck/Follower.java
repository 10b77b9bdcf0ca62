package dev.ha.tck;

import dev.ha.LeaderInformation;
import dev.ha.LeaderInformation.Leader;
import dev.ha.LeaderInformation.None;
import dev.ha.LeaderInformation.Unknown;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** A listener that records all it is told, and what was wrong with how it was told. */
final class Follower implements LeaderRetrievalListener {
    private final String name;
    private final LeaderRetrievalService service;
    private final List<LeaderInformation> told = new CopyOnWriteArrayList<>();
    private final List<String> disorder = new CopyOnWriteArrayList<>();
    private final AtomicInteger running = new AtomicInteger();

    Follower(String name, LeaderRetrievalService service) {
        this.name = name;
        this.service = service;
    }

    @Override
    public void notifyLeader(LeaderInformation information) {
        if (running.incrementAndGet() > 1) {
            disorder.add("told " + information + " while another call was running");
        }
        last().filter(before -> same(before, information))
                .ifPresent(before -> disorder.add("told twice in a row: " + before + " and " + information));
        told.add(information);
        running.decrementAndGet();
    }

    private static boolean same(LeaderInformation one, LeaderInformation other) {
        if (one instanceof Leader leader && other instanceof Leader next) {
            return leader.sameAs(next);
        }
        return (one instanceof None && other instanceof None) || (one instanceof Unknown && other instanceof Unknown);
    }

    /** The follower under test. */
    LeaderRetrievalService service() {
        return service;
    }

    /** All it was told, in order. */
    List<LeaderInformation> told() {
        return List.copyOf(told);
    }

    /** The last it was told. */
    Optional<LeaderInformation> last() {
        int size = told.size();
        return size == 0 ? Optional.empty() : Optional.of(told.get(size - 1));
    }

    /** True when it was last told this grant. */
    boolean follows(Leadership leadership) {
        return last().flatMap(LeaderInformation::leader)
                .filter(leader -> leader.sessionId().equals(leadership.sessionId()))
                .isPresent();
    }

    /** All tokens it was ever told. */
    Set<Long> tokens() {
        return told.stream()
                .flatMap(information -> information.leader().stream())
                .map(Leader::fencingToken)
                .collect(Collectors.toSet());
    }

    /** True when it was last told that there is none. */
    boolean seesNone() {
        return last().filter(None.class::isInstance).isPresent();
    }

    /** True when it was last told that nothing is known. */
    boolean seesUnknown() {
        return last().filter(Unknown.class::isInstance).isPresent();
    }

    /** What was wrong with order or number of its calls. */
    List<String> disorder() {
        return List.copyOf(disorder);
    }

    @Override
    public String toString() {
        return name + (told.isEmpty() ? " was told nothing" : " was told: " + told);
    }
}
