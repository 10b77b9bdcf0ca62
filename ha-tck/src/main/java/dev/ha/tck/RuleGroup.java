package dev.ha.tck;

import static dev.ha.tck.Expect.lazily;

import dev.ha.Leadership;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/** The tests of one chapter. Each test gets a {@link Scenario} of its own; what it asks for here most often is passed on to that. */
abstract class RuleGroup {
    private final BackendContract contract;
    private @Nullable Scenario scenario;

    RuleGroup(BackendContract contract) {
        this.contract = contract;
    }

    @BeforeEach
    final void openScenario(TestInfo test) {
        Rule rule = test.getTestMethod()
                .map(method -> method.getAnnotation(Rule.class))
                .orElseThrow(() -> new IllegalStateException(test.getDisplayName() + " has no @Rule"));
        scenario = new Scenario(contract.fixture(), BackendContract.SPEC.rule(rule.value()));
    }

    @AfterEach
    final void closeScenario() {
        if (scenario != null) {
            scenario.close();
        }
    }

    final Scenario scenario() {
        return Objects.requireNonNull(scenario);
    }

    final Expect expect() {
        return scenario().expect();
    }

    final void needs(Capability... capabilities) {
        scenario().needs(capabilities);
    }

    final void needs(Fault... faults) {
        scenario().needs(faults);
    }

    final Scenario.Node node(String name) {
        return scenario().node(name);
    }

    /** What the store holds for {@link Scenario#ELECTION}. */
    final RawElection raw() {
        return scenario().raw(Scenario.ELECTION);
    }

    /** Does {@code fault} to the holder of {@link Scenario#ELECTION}. */
    final void inject(Fault fault) {
        scenario().inject(fault, Scenario.ELECTION);
    }

    /** Waits until {@code leadership} is over. */
    final void awaitEnd(Leadership leadership) {
        expect().eventually(
                        () -> !leadership.isValid(),
                        "the handle turns invalid",
                        leadership,
                        "does the driver report that its lock is gone?");
    }

    /** Waits until followers can see that the leader of {@code seat} has confirmed. */
    final void awaitPublished(Scenario.Seat seat) {
        expect().eventually(
                        () -> raw().records().values().stream().anyMatch(record -> record.address()
                                .equals(seat.contender().address())),
                        "the confirmed address of the leader is in the store",
                        lazily(() -> raw() + "; " + seat),
                        "does publish() write the records before its stage completes?");
    }

    /** The lease of nodes with {@link Scenario.NodeSettings#shortLease()}, and the time to notice that it is over. */
    final Duration leaseAndPatience() {
        return scenario().fixture().shortestLease().plus(TckTimeouts.patience());
    }
}
