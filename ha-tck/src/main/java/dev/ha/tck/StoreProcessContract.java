package dev.ha.tck;

import static dev.ha.tck.Capability.DURABLE;
import static dev.ha.tck.Capability.ELECTIONS;
import static dev.ha.tck.Capability.LEASES;
import static dev.ha.tck.Capability.PROCESSES;
import static dev.ha.tck.Expect.lazily;
import static dev.ha.tck.Scenario.ELECTION;

import dev.ha.Leadership;
import dev.ha.store.Codec;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.JobResult;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rules of chapter 6 that only processes can prove that are killed while they write. On one JDK only: they take most of the time of the chapter. */
@Tag("once")
abstract class StoreProcessContract extends RuleGroup {
    private static final String COMMITTED =
            "is a write acknowledged only when it outlives its writer, and is each entry the old one or the new one?";

    StoreProcessContract(BackendContract contract) {
        super(contract);
    }

    /** Until another one leads: who is to lead may be a program that has only just been started, on a machine that starts several. */
    private Duration crashBound() {
        return (scenario().can(LEASES) ? leaseAndPatience() : TckTimeouts.patience()).plus(TckTimeouts.servers());
    }

    // ---- 6.12

    @Test
    @Rule("6.12")
    @DisplayName(
            "A leader that is stopped in the middle of its writes changes nothing when it goes on after its successor has written")
    final void stoppedWriters() {
        needs(ELECTIONS, PROCESSES, LEASES, DURABLE);
        if (!Child.canStop()) {
            scenario().abort("processes can't be stopped on this operating system");
        }
        Random random = new Random(12);
        for (int turn = 0; turn < 3; turn++) {
            Child child = scenario().child("stopped-" + turn).contend(ChildProgram.FILLER);
            int acts = 30 + random.nextInt(30);
            expect().within(
                            crashBound().plus(TckTimeouts.patience()),
                            () -> child.said("did").size() >= acts,
                            acts + " writes are acknowledged",
                            child,
                            COMMITTED);
            Node node = scenario().nodeWith("successor-" + turn).shortLease().open();
            Seat seat = node.contend();
            child.stop();
            Leadership leadership = seat.leadership(crashBound());
            Map<String, String> written = overwriteAll(node, leadership, turn);
            child.proceed();
            expect().throughout(
                            () -> !seat.contender().leads() || values(node).equals(written),
                            "what the successor has written, and no blob of it gone",
                            lazily(() ->
                                    ChildProgram.show(Optional.of(values(node).toString())) + "; " + child),
                            "is every write conditional, in the backend itself, on the lock of its own candidacy?");
            expect().that(seat.contender().leads(), "the successor leads on", seat, "why did it lose the leadership?");
            child.kill();
            node.close();
        }
    }

    private static StateHandleStore<String> filled(Node node) {
        return node.services().stores(ELECTION).states(ChildProgram.FILLED, Codec.text());
    }

    /** Every second value goes to a blob. */
    private Map<String, String> overwriteAll(Node node, Leadership leadership, int turn) {
        Map<String, String> written = new TreeMap<>();
        RecoveredStates<String> found =
                expect().completes(filled(node).getAll(leadership), "the successor reads everything", COMMITTED);
        expect().that(found.corrupt().isEmpty(), "no state that can't be read", found.corrupt(), COMMITTED);
        for (StateHandle<String> state : found.states().values()) {
            String value = ("successor " + turn + " ").repeat(written.size() % 2 == 0 ? 1 : 5_000);
            expect().completes(filled(node).replace(leadership, state, value), "the successor can replace", COMMITTED);
            written.put(state.name(), value);
        }
        return written;
    }

    private Map<String, String> values(Node node) {
        Map<String, String> values = new TreeMap<>();
        for (String name : expect().completes(filled(node).names(), "names() completes", COMMITTED)) {
            expect().completes(filled(node).get(name), name + " can be read", COMMITTED)
                    .ifPresent(state -> values.put(name, state.value()));
        }
        return values;
    }

    // ---- 6.21

    @Test
    @Rule("6.21")
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    @DisplayName(
            "Writers are killed in the middle of their writes: every state is the old or the new one, and what they leave behind is found")
    final void killedWriters() {
        needs(ELECTIONS, PROCESSES, DURABLE);
        List<Child> children = new ArrayList<>();
        int kills = 4;
        for (int turn = 0; turn < kills; turn++) {
            Child child = scenario().child("writer-" + turn).contend(ChildProgram.FILLER);
            children.add(child);
            int wanted = TckRounds.writes() / kills;
            expect().within(
                            crashBound().plus(Duration.ofMillis(500L * wanted)),
                            () -> child.said("did").size() >= wanted || isRefused(child),
                            wanted + " writes are acknowledged",
                            child,
                            "why does it stop to write?");
            expect().that(!isRefused(child), "no write of the leader is refused", child, COMMITTED);
            child.kill();
            child.awaitEnd();
        }
        Node node = scenario().nodeWith("reader").shortLease().open();
        Leadership leadership = node.contend().leadership(crashBound());
        RecoveredStates<String> found = expect().completes(
                        node.services()
                                .stores(ELECTION)
                                .states(ChildProgram.FILLED, Codec.text())
                                .getAll(leadership),
                        "the successor reads everything",
                        COMMITTED);
        expect().that(found.corrupt().isEmpty(), "no state that can't be read", found.corrupt(), COMMITTED);
        Map<String, Set<Optional<String>>> allowed = allowed(children);
        allowed.forEach((key, values) -> {
            Optional<String> value =
                    Optional.ofNullable(found.states().get(key)).map(StateHandle::value);
            expect().that(
                            values.contains(value),
                            key + " as its last acknowledged write has left it, or one after that: "
                                    + values.stream().map(ChildProgram::show).toList(),
                            ChildProgram.show(value),
                            COMMITTED);
        });
        expect().that(
                        allowed.keySet().containsAll(found.states().keySet()),
                        "no state but those that were written",
                        lazily(() -> found.states().keySet()),
                        COMMITTED);
        assertOrphansAreFound(node.services().stores(ELECTION), leadership, found);
    }

    /** For another reason than that its leadership is over, which may happen where the machine is slow; it leads again then, and writes on. */
    private static boolean isRefused(Child child) {
        return child.said("refused").stream()
                .anyMatch(words -> !words.toString().contains("LeadershipLost"));
    }

    /** What may be there by name: what the last acknowledged act has left, or any that was begun after it. */
    private static Map<String, Set<Optional<String>>> allowed(List<Child> children) {
        Map<String, Set<Optional<String>>> allowed = new TreeMap<>();
        for (Child child : children) {
            for (List<String> words : child.said("writes", "removes", "did")) {
                String key = words.get(1);
                Optional<String> effect = words.get(0).equals("removes")
                        ? Optional.empty()
                        : Optional.of(ChildProgram.value(key, words.get(2)));
                if (words.get(0).equals("did")) {
                    boolean removed = child.said("removes").contains(List.of("removes", key, words.get(2)));
                    allowed.put(key, new HashSet<>(Set.of(removed ? Optional.empty() : effect)));
                } else {
                    allowed.computeIfAbsent(key, first -> new HashSet<>(Set.of(Optional.empty())))
                            .add(effect);
                }
            }
        }
        return allowed;
    }

    private void assertOrphansAreFound(
            HighAvailabilityStores stores, Leadership leadership, RecoveredStates<String> found) {
        StateHandleStore<String> states = stores.states(ChildProgram.FILLED, Codec.text());
        for (String name : expect().completes(states.names(), "names() completes", COMMITTED)) {
            if (!found.states().containsKey(name)) {
                expect().completes(states.remove(leadership, name), "a removal that was begun is completed", COMMITTED);
            }
        }
        List<String> orphans = expect().completes(
                        stores.removeOrphans(leadership, Duration.ZERO), "orphans can be removed", COMMITTED);
        long blobs = found.states().values().stream()
                .filter(state -> state.value().length() > 1000)
                .count();
        int files = TemporaryDirectory.files(scenario().storage()).size();
        expect().that(
                        files == blobs,
                        blobs + " files for as many large values, and no others",
                        files + " files are left, after these were removed: " + orphans,
                        "this is the library's own work");
        RecoveredStates<String> after =
                expect().completes(states.getAll(leadership), "everything can still be read", COMMITTED);
        expect().that(
                        after.corrupt().isEmpty()
                                && after.states().keySet().equals(found.states().keySet()),
                        "all states after the orphans were removed",
                        after.corrupt(),
                        "this is the library's own work");
        expect().completes(states.clear(leadership), "all can be removed", COMMITTED);
        expect().that(
                        TemporaryDirectory.files(scenario().storage()).isEmpty(),
                        "no file is left when all states are removed",
                        lazily(() -> TemporaryDirectory.files(scenario().storage())),
                        "this is the library's own work");
    }

    // ---- 6.22

    @Test
    @Rule("6.22")
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    @DisplayName("Dispatchers are killed one after the other, and every job is finished exactly once")
    final void killedDispatchers() {
        needs(ELECTIONS, PROCESSES, DURABLE);
        int failovers = TckRounds.failovers();
        Map<String, Integer> jobs = submit(failovers + 5);
        List<Child> children = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            children.add(dispatcher(children.size()));
        }
        Random random = new Random(failovers);
        for (int turn = 0; turn < failovers; turn++) {
            children.add(dispatcher(children.size())); // is there when the next one is killed
            Child leader = leader(children);
            int until = random.nextInt(40);
            expect().within(
                            crashBound().plus(TckTimeouts.patience()),
                            () -> sinceGrant(leader) >= until
                                    || !leader.leads()
                                    || !leader.said("idle").isEmpty(),
                            leader + " gets on with its work",
                            leader,
                            COMMITTED);
            leader.kill();
        }
        Node node = node("observer");
        HighAvailabilityStores stores = node.services().stores(ELECTION);
        expect().within(
                        crashBound().plus(TckTimeouts.servers().multipliedBy(2)),
                        () -> !leader(children).said("idle").isEmpty(),
                        "the leader that is left finishes all jobs",
                        lazily(() -> leader(children)),
                        COMMITTED);
        for (String job : jobs.keySet()) {
            Optional<JobResult> result =
                    expect().completes(stores.jobResults().get(job), "the result can be read", COMMITTED);
            boolean clean =
                    expect().completes(stores.jobResults().hasCleanResult(job), "the result can be read", COMMITTED);
            expect().that(clean, "a clean result of " + job, result, COMMITTED);
            assertFinishedOnce(job, result.orElseThrow().detail(), jobs.get(job), children);
        }
        Set<String> left = expect().completes(stores.jobGraphs().ids(), "ids() completes", COMMITTED);
        expect().that(left.isEmpty(), "no job graph is left", left, COMMITTED);
    }

    private Map<String, Integer> submit(int count) {
        Map<String, Integer> jobs = new TreeMap<>();
        Node node = node("submitter");
        Seat seat = node.contend();
        Leadership leadership = seat.leadership();
        for (int i = 0; i < count; i++) {
            String job = String.format("job-%04d", i);
            jobs.put(job, 3 + i % 5);
            expect().completes(
                            node.services()
                                    .stores(ELECTION)
                                    .jobGraphs()
                                    .put(leadership, job, Dispatcher.graph(jobs.get(job))),
                            "a job can be submitted",
                            "");
        }
        seat.election().close();
        return jobs;
    }

    private Child dispatcher(int number) {
        return scenario().child("dispatcher-" + number).contend(ChildProgram.DISPATCHER);
    }

    private Child leader(List<Child> children) {
        expect().within(
                        crashBound(),
                        () -> children.stream().anyMatch(Child::leads),
                        "one of the dispatchers leads",
                        children,
                        "what frees the lock of a process that is gone?");
        return children.stream().filter(Child::leads).findFirst().orElseGet(() -> leader(children));
    }

    private static int sinceGrant(Child child) {
        return child.said("recovered", "starts", "id", "reached", "finished", "cleaned")
                .size();
    }

    private void assertFinishedOnce(String job, String winner, int steps, List<Child> children) {
        List<String> finished = new ArrayList<>();
        List<Long> ids = new ArrayList<>();
        Set<Integer> reached = new TreeSet<>();
        for (Child child : children) {
            for (List<String> words : child.said("ghost", "finished", "id", "reached")) {
                if (!words.get(1).equals(job)) {
                    continue;
                }
                switch (words.get(0)) {
                    case "finished" -> finished.add(words.get(2));
                    case "id" -> ids.add(Long.parseLong(words.get(2)));
                    case "reached" -> reached.add(Integer.parseInt(words.get(2)));
                    default -> throw expect().broken("no graph of a job that is cleaned up", child, COMMITTED);
                }
            }
        }
        expect().that(
                        finished.size() <= 1 && List.of(winner).containsAll(finished),
                        job + " finished by " + winner + ", and by nobody else",
                        finished,
                        COMMITTED);
        expect().that(new HashSet<>(ids).size() == ids.size(), "no checkpoint id of " + job + " twice", ids, COMMITTED);
        expect().that(
                        reached.stream().allMatch(step -> step <= steps),
                        job + " never past its last step, which is " + steps,
                        reached,
                        COMMITTED);
    }
}
