package dev.ha.core;

import dev.ha.LeaderElectionService;
import dev.ha.Leadership;
import dev.ha.core.SimulatedBackend.Mistake;
import dev.ha.spi.LeaderRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Three processes that contend for two elections on one server, under everything that may happen to them, then left in peace, then closed. What SPEC
 * chapters 1, 3, 4 and 7 demand is checked at every step and at the end.
 */
final class SimulatedWorld implements SimulatedBackend.Observer {
    private static final Duration TROUBLE = Duration.ofSeconds(60);
    private static final Duration PEACE = Duration.ofSeconds(90);
    private static final Duration FAREWELL = Duration.ofSeconds(60);
    private static final List<String> ELECTIONS = List.of("a", "b");
    private static final List<String> COMPONENTS = List.of("leader", "web");
    private static final EngineSettings SETTINGS = new EngineSettings(
            Duration.ofSeconds(30),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            "cluster",
            Optional.empty());

    private final Simulation simulation;
    private final SimulatedServer server;
    private final List<Node> nodes = new ArrayList<>();
    private final List<SimulatedContender> contenders = new ArrayList<>();
    private final Map<Leadership, Sighting> sightings = new LinkedHashMap<>();
    private final Set<Long> overridden = new HashSet<>(); // by hand: rule 1.7 lets those overlap
    private @Nullable String violation;
    private boolean quiet;
    private int publications;

    /** What has been seen of a handle. */
    private static final class Sighting {
        private boolean invalid;
        private long frozenUntil; // the deadline when it was last seen not to have ended
    }

    private final class Node {
        private final Simulation.SimulatedProcess process;
        private final SimulatedBackend backend;
        private final Engine engine;
        private final Map<String, List<SimulatedContender>> seated = new HashMap<>();
        private boolean closing;

        Node(String name, Mistake mistake) {
            process = simulation.new SimulatedProcess(name);
            backend = new SimulatedBackend(simulation, server, process, SimulatedWorld.this, mistake);
            engine = new Engine(
                    process, SETTINGS, made -> new EngineContext(made, process, new NoValues(), "cluster"), backend);
        }
    }

    private static final class NoValues implements EngineContext.Values {
        @Override
        public <T> T get(dev.ha.spi.Option<T> option) {
            throw new IllegalArgumentException("no options here");
        }
    }

    SimulatedWorld(long seed, Mistake mistake) {
        simulation = new Simulation(seed);
        server = new SimulatedServer(simulation);
        for (int i = 1; i <= 3; i++) {
            nodes.add(new Node("p" + i, mistake));
        }
        simulation.invariant(this::checkHandles);
        simulation.invariant(this::failOnViolation);
    }

    Simulation simulation() {
        return simulation;
    }

    boolean isQuiet() {
        return quiet;
    }

    void check(boolean holds, String rule, String broken) {
        if (!holds && violation == null) {
            violation = "rule " + rule + ": " + broken;
            simulation.log("VIOLATION of " + violation);
        }
    }

    /** Thrown between steps, where no engine takes it for the failure of a contender or driver. */
    private void failOnViolation() {
        if (violation != null) {
            throw new AssertionError(violation);
        }
    }

    /** Plays the whole schedule. */
    void play() {
        for (int i = 0; i < 30; i++) {
            simulation.after(simulation.upTo(TROUBLE), null, this::somethingHappens);
        }
        simulation.run(simulation.now() + TROUBLE.toNanos(), () -> false);
        quiet = true;
        simulation.log("---- peace ----");
        nodes.forEach(node -> node.backend.calm());
        int before = publications;
        simulation.run(simulation.now() + PEACE.toNanos(), () -> false);
        check(
                publications - before < 60,
                "4.4",
                "records were published " + (publications - before) + " times in peace");
        checkPeace();
        failOnViolation();
        simulation.log("---- farewell ----");
        List<CompletableFuture<Void>> closed = new ArrayList<>();
        nodes.forEach(node -> closed.add(node.engine.closeAsync()));
        simulation.run(simulation.now() + FAREWELL.toNanos(), () -> false);
        checkFarewell(closed);
        failOnViolation();
    }

    // ---- what may happen ----

    private void somethingHappens() {
        Node node = nodes.get(simulation.random().nextInt(nodes.size()));
        String election = ELECTIONS.get(simulation.random().nextInt(ELECTIONS.size()));
        if (node.process.isPaused()) {
            return;
        }
        switch (simulation.random().nextInt(20)) {
            case 0, 1, 2, 3, 4, 5, 6 -> start(node, election);
            case 7, 8 -> close(node, election);
            case 9 -> closeService(node, election);
            case 10 ->
                node.backend.lose(
                        simulation.chance(0.3)
                                ? 0
                                : Math.min(1, 2 * simulation.random().nextDouble()));
            case 11 -> node.process.pause(simulation.upTo(Duration.ofSeconds(15)));
            case 12 -> overridden.addAll(server.expire(node.backend.session()));
            case 13 -> server.overwrite(election, Map.of("leader", new LeaderRecord(new UUID(1, 1), 1, "foreign")));
            case 14 ->
                node.process.stepWall(simulation.upTo(Duration.ofMinutes(2)).minusMinutes(1));
            case 15 -> simulation.block(simulation.upTo(Duration.ofSeconds(2)));
            case 16 -> closeNode(node);
            default -> useLeadership(node, election);
        }
    }

    private void start(Node node, String election) {
        if (node.closing) {
            return;
        }
        String component = COMPONENTS.get(simulation.random().nextInt(COMPONENTS.size()));
        LeaderElectionService service = node.engine.leaderElectionService(election);
        SimulatedContender contender = new SimulatedContender(
                this,
                node.process + "/" + election + "/" + component + "#" + contenders.size(),
                service.component(component));
        List<SimulatedContender> present = node.seated.computeIfAbsent(election, name -> new ArrayList<>());
        try {
            contender.seat().start(contender);
            present.add(contender);
            contenders.add(contender);
            simulation.log(contender + ": starts");
        } catch (IllegalStateException taken) {
            simulation.log(contender + ": refused, " + taken.getMessage());
        }
    }

    private void close(Node node, String election) {
        List<SimulatedContender> present = node.seated.getOrDefault(election, List.of());
        if (!present.isEmpty()) {
            SimulatedContender leaving = present.remove(simulation.random().nextInt(present.size()));
            simulation.log(leaving + ": close");
            boolean inside = Pump.insideCallbackOf(node.engine);
            leaving.seat().close();
            if (!inside) {
                leaving.closed();
            }
        }
    }

    private void closeService(Node node, String election) {
        if (node.closing) {
            return;
        }
        List<SimulatedContender> leaving = List.copyOf(node.seated.getOrDefault(election, List.of()));
        node.seated.remove(election);
        simulation.log(node.process + ": close " + election);
        boolean inside = Pump.insideCallbackOf(node.engine);
        node.engine.leaderElectionService(election).close();
        if (!inside) {
            leaving.forEach(SimulatedContender::closed);
        }
    }

    private void closeNode(Node node) {
        if (node.closing || nodes.stream().filter(other -> !other.closing).count() < 2) {
            return;
        }
        node.closing = true;
        List<SimulatedContender> leaving = new ArrayList<>();
        node.seated.values().forEach(leaving::addAll);
        simulation.log(node.process + ": close");
        boolean inside = Pump.insideCallbackOf(node.engine);
        node.engine.close();
        if (!inside) {
            leaving.forEach(SimulatedContender::closed);
        }
    }

    private void useLeadership(Node node, String election) {
        for (SimulatedContender contender : List.copyOf(node.seated.getOrDefault(election, List.of()))) {
            Leadership leadership = contender.current();
            if (leadership != null) {
                switch (simulation.random().nextInt(3)) {
                    case 0 -> {
                        contender.stages().add(leadership.resign());
                        check(!leadership.isValid(), "3.7", contender + " has resigned and its handle is valid");
                    }
                    case 1 -> contender.confirm(leadership);
                    default -> contender.act(leadership);
                }
            }
        }
    }

    // ---- what must hold ----

    void watch(Leadership leadership) {
        sightings.computeIfAbsent(leadership, seen -> new Sighting());
    }

    private void checkHandles() {
        Map<String, Set<Long>> valid = new HashMap<>();
        for (Map.Entry<Leadership, Sighting> entry : sightings.entrySet()) {
            SeatLeadership leadership = (SeatLeadership) entry.getKey();
            Sighting sighting = entry.getValue();
            if (!leadership.hasEnded()) {
                sighting.frozenUntil =
                        simulation.now() + leadership.term().lease().remainingNanos();
            }
            if (!sighting.invalid && simulation.chance(0.7)) { // asking latches, so not every time
                if (leadership.isValid()) {
                    if (overridden.contains(leadership.fencingToken())) {
                        continue;
                    }
                    valid.computeIfAbsent(leadership.election(), name -> new HashSet<>())
                            .add(leadership.fencingToken());
                } else {
                    sighting.invalid = true;
                }
            } else if (sighting.invalid) {
                check(!leadership.isValid(), "1.6", leadership + " is valid again");
            }
        }
        valid.forEach((election, tokens) ->
                check(tokens.size() <= 1, "1.1", "valid at one instant in " + election + ": tokens " + tokens));
        sightings
                .entrySet()
                .removeIf(entry -> entry.getValue().invalid
                        && contenders.stream().noneMatch(contender -> contender.current() == entry.getKey())
                        && simulation.chance(0.05));
    }

    @Override
    public void publishing(Simulation.SimulatedProcess process, String election, Map<String, LeaderRecord> records) {
        publications++;
    }

    @Override
    public void releasing(Simulation.SimulatedProcess process, String election) {
        for (Node node : nodes) {
            if (node.process == process) {
                for (SimulatedContender contender : contenders) {
                    Leadership leadership = contender.current();
                    if (leadership != null
                            && ((SeatLeadership) leadership).engine() == node.engine
                            && leadership.election().equals(election)) {
                        checkMayRelease(contender, leadership);
                    }
                }
            }
        }
    }

    private void checkMayRelease(SimulatedContender contender, Leadership leadership) {
        Sighting sighting = sightings.get(leadership);
        boolean over = sighting == null
                || simulation.now() >= sighting.frozenUntil
                || ((SeatLeadership) leadership).term().lease().unusedNanos() == 0;
        check(over, "3.7", "the lock is released while " + contender + " still works with time left");
    }

    private void checkPeace() {
        for (String election : ELECTIONS) {
            Set<Long> leading = new HashSet<>();
            boolean wanted = false;
            Map<String, LeaderRecord> records = server.records(election);
            for (Node node : nodes) {
                for (SimulatedContender contender : node.seated.getOrDefault(election, List.of())) {
                    boolean open = !node.closing && !((Seat) contender.seat()).isClosing();
                    wanted |= open;
                    Leadership leadership = contender.seat().leadership().orElse(null);
                    if (open && leadership != null) {
                        leading.add(leadership.fencingToken());
                        check(contender.current() == leadership, "2.1", contender + " leads but was not told");
                        LeaderRecord record = records.get(((Seat) contender.seat()).component());
                        boolean published = record != null
                                && record.address().equals(contender.address())
                                && record.fencingToken() == leadership.fencingToken();
                        check(
                                published == contender.isConfirmed(),
                                contender.isConfirmed() ? "4.4" : "4.1",
                                contender + " is confirmed: " + contender.isConfirmed() + ", but the record is "
                                        + record);
                    }
                    for (CompletionStage<?> stage : contender.stages()) {
                        check(
                                stage.toCompletableFuture().isDone(),
                                "7.2",
                                "a stage of " + contender + " is still open after a time of peace");
                    }
                    check(!open || contender.heardAllErrors(), "3.5", contender + " was not told of what it threw");
                }
            }
            check(
                    leading.size() == (wanted ? 1 : 0),
                    "2.4",
                    election + " is led by tokens " + leading + " after a time of peace");
            if (wanted) {
                check(
                        leading.contains(server.holder(election)),
                        "2.4",
                        "the server says that " + server.holder(election) + " leads");
            } else {
                check(
                        server.queued(election) == 0,
                        "2.2",
                        "nobody wants " + election + ", but the server has candidates");
            }
        }
    }

    private void checkFarewell(List<CompletableFuture<Void>> closed) {
        closed.forEach(done -> check(done.isDone(), "7.2", "close has not ended"));
        nodes.forEach(node -> check(node.process.isClosed(), "7.2", node.process + " has not ended its threads"));
        for (String election : ELECTIONS) {
            check(server.queued(election) == 0, "7.2", "a closed process is still in the queue of " + election);
            check(server.records(election).isEmpty(), "4.3", "records of a closed process are left in " + election);
        }
        for (SimulatedContender contender : contenders) {
            for (CompletionStage<?> stage : contender.stages()) {
                check(stage.toCompletableFuture().isDone(), "7.2", "a stage of " + contender + " never completes");
            }
        }
    }
}
