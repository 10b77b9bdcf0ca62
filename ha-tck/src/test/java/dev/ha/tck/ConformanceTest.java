package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class ConformanceTest {
    private static final Spec SPEC = Spec.parse(rule("1.1", "tested.")
            + rule("1.2", "tested.")
            + rule("1.3", "tested.")
            + rule("1.4", "tested.")
            + rule("1.5", "untested: no way."));

    private final Conformance conformance =
            new Conformance("mine", "a.MineTckTest", SPEC, Set.of("1.1", "1.2", "1.3", "1.4"));

    private static String rule(String id, String tck) {
        return "**" + id + " Title of " + id + ".** It MUST.\n- *Why:* So.\n- *TCK:* " + tck + "\n\n";
    }

    @Test
    void showsEveryRule() {
        conformance.passed("1.1");
        conformance.aborted("1.1", "rule 1.1 not tested: no network");
        conformance.failed("1.2", "Rule 1.2 is | broken\nhere");
        conformance.passed("1.2");
        conformance.aborted("1.3", "rule 1.3 not tested: no ELECTIONS");
        assertThat(conformance.markdown())
                .contains("| 1.1 | Title of 1.1 | passed | 1 passed, 1 aborted | no network |")
                .contains("| 1.2 | Title of 1.2 | **failed** | 1 passed, 1 failed | Rule 1.2 is \\| broken here |")
                .contains("| 1.3 | Title of 1.3 | aborted | 1 aborted | no ELECTIONS |")
                .contains("| 1.4 | Title of 1.4 | not run |  |  |")
                .contains("| 1.5 | Title of 1.5 | untested |  | no way. |");
        assertThat(conformance.text()).contains("1.4   Title of 1.4");
        assertThat(conformance.summary())
                .isEqualTo("Conformance of mine: 1 passed, 1 failed, 1 aborted, 1 not run, 1 untested");
    }

    @Test
    void showsAnAssumptionThatIsNotMet() {
        conformance.aborted("1.3", "rule 1.3 not tested: assumption not met: server 3.4");
        assertThat(conformance.summary()).contains("1 assumption not met");
    }

    @Test
    void saysThatItIsIncompleteWhenTheFixtureFailed() {
        conformance.broken("no server found");
        assertThat(conformance.summary()).contains("INCOMPLETE").contains("no server found");
    }

    @Test
    void isNamedAfterTheTestClass() {
        assertThat(ConformanceListener.name("a.b.FileTckTest")).isEqualTo("file");
        assertThat(ConformanceListener.name("a.b.MyStore34TckTest")).isEqualTo("my-store34");
        assertThat(ConformanceListener.name("a.b.Outer$Inner")).isEqualTo("inner");
        assertThat(ConformanceListener.name("a.b.TckTest")).isEqualTo("tck-test");
    }
}
