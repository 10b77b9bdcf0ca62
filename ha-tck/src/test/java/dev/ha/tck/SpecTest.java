package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Specification and tests speak of the same rules. */
class SpecTest {
    private final Spec spec = Spec.load();

    @Test
    void everyRuleHasATestOrSaysWhyNot() {
        Set<String> tested = spec.rules().stream()
                .filter(rule -> rule.untested().isEmpty())
                .map(Spec.Text::id)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(BackendContract.rules())
                .as("rules with a test are those that docs/SPEC.md calls tested")
                .isEqualTo(tested);
        assertThat(spec.rules()).allSatisfy(rule -> assertThat(rule.untested().orElse("a reason"))
                .isNotBlank());
    }

    @Test
    void theSpecificationIsThatOfDocs() throws IOException {
        Spec docs = Spec.parse(Files.readString(Path.of("..", "docs", "SPEC.md")));
        assertThat(spec.rules()).containsExactlyElementsOf(docs.rules());
    }

    /** A bold beginning that is no rule would be skipped by the parser, and its rule be missed by nobody. */
    @Test
    void noRuleIsOverlooked() throws IOException {
        long beginnings = Files.readAllLines(Path.of("..", "docs", "SPEC.md")).stream()
                .filter(line -> line.matches("\\*\\*\\d.*"))
                .count();
        assertThat(spec.rules()).hasSize((int) beginnings);
    }

    @Test
    void testsCanNotBeWeakened() {
        assertThat(tests()).isNotEmpty().allSatisfy(test -> {
            assertThat(Modifier.isFinal(test.getModifiers()))
                    .as("%s is final", test)
                    .isTrue();
            assertThat(Modifier.isPublic(test.getModifiers()) || Modifier.isProtected(test.getModifiers()))
                    .as("%s is package-private", test)
                    .isFalse();
        });
    }

    @Test
    void testsHaveARuleAndSayWhatTheyDemand() {
        assertThat(tests()).allSatisfy(test -> {
            assertThat(test.getAnnotation(Rule.class)).as("rule of %s", test).isNotNull();
            assertThat(test.getAnnotation(DisplayName.class))
                    .as("text of %s", test)
                    .isNotNull();
        });
    }

    private static List<Method> tests() {
        return Stream.of(BackendContract.class.getDeclaredClasses())
                .filter(RuleGroup.class::isAssignableFrom)
                .flatMap(group -> Stream.of(group.getSuperclass().getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Test.class))
                .toList();
    }

    @Test
    void refusesARuleWithoutReason() {
        assertThatThrownBy(() -> Spec.parse("**1.1 One.** It MUST.\n- *TCK:* tested."))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rule 1.1 needs a line *Why:*");
    }

    @Test
    void refusesARuleThatDoesNotSayWhetherItIsTested() {
        assertThatThrownBy(() -> Spec.parse("**1.1 One.** It MUST.\n- *Why:* So.\n- *TCK:* perhaps."))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must begin with 'tested' or 'untested'");
    }

    @Test
    void refusesAnIdTwice() {
        String rule = "**1.1 One.** It MUST.\n- *Why:* So.\n- *TCK:* tested.\n\n";
        assertThatThrownBy(() -> Spec.parse(rule + rule)).hasMessageContaining("rule 1.1 is there twice");
    }
}
