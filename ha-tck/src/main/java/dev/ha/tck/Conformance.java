package dev.ha.tck;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What is known of one backend, rule by rule. Thread-safe. */
final class Conformance {
    private static final String NOT_MET = "assumption not met: ";
    private static final int NOTE = 200;

    /** What a table says of a rule, in the order of the summary. */
    enum Verdict {
        PASSED,
        FAILED,
        /** Something that all of its tests need is not there. */
        ABORTED,
        ASSUMPTION_NOT_MET,
        /** It has tests, and none was run. */
        NOT_RUN,
        UNTESTED;

        String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    private static final class Tally {
        private int passed;
        private final List<String> failures = new ArrayList<>();
        private final Set<String> reasons = new LinkedHashSet<>();
        private int aborted;
    }

    private record Line(Spec.Text rule, Verdict verdict, String tests, String note) {}

    private final String backend;
    private final String testClass;
    private final Spec spec;
    private final Collection<String> testedRules;
    private final Map<String, Tally> tallies = new LinkedHashMap<>();
    private final List<String> broken = new ArrayList<>();

    Conformance(String backend, String testClass, Spec spec, Collection<String> testedRules) {
        this.backend = backend;
        this.testClass = testClass;
        this.spec = spec;
        this.testedRules = testedRules;
    }

    synchronized void passed(String rule) {
        tally(rule).passed++;
    }

    synchronized void failed(String rule, String message) {
        tally(rule).failures.add(message);
    }

    synchronized void aborted(String rule, String reason) {
        Tally tally = tally(rule);
        tally.aborted++;
        tally.reasons.add(reason.replaceFirst("^rule [0-9.]+ not tested: ", ""));
    }

    /** The whole class, or a group of it, failed. */
    synchronized void broken(String message) {
        broken.add(message);
    }

    private Tally tally(String rule) {
        return tallies.computeIfAbsent(rule, unused -> new Tally());
    }

    private List<Line> lines() {
        return spec.rules().stream().map(this::line).toList();
    }

    private Line line(Spec.Text rule) {
        Tally tally = tallies.get(rule.id());
        if (tally == null) {
            return testedRules.contains(rule.id())
                    ? new Line(rule, Verdict.NOT_RUN, "", "")
                    : new Line(rule, Verdict.UNTESTED, "", rule.untested().orElse("there is no test of it"));
        }
        List<String> tests = new ArrayList<>();
        count(tests, tally.passed, "passed");
        count(tests, tally.failures.size(), "failed");
        count(tests, tally.aborted, "aborted");
        String reasons = String.join("; ", tally.reasons);
        Verdict verdict;
        if (!tally.failures.isEmpty()) {
            verdict = Verdict.FAILED;
        } else if (tally.passed > 0) {
            verdict = Verdict.PASSED;
        } else {
            verdict = reasons.startsWith(NOT_MET) ? Verdict.ASSUMPTION_NOT_MET : Verdict.ABORTED;
        }
        String note = tally.failures.isEmpty() ? reasons : tally.failures.get(0);
        return new Line(rule, verdict, String.join(", ", tests), note);
    }

    private static void count(List<String> tests, int count, String what) {
        if (count > 0) {
            tests.add(count + " " + what);
        }
    }

    /** One line: how many rules have which verdict. */
    synchronized String summary() {
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        lines().forEach(line -> counts.merge(line.verdict, 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        counts.forEach((verdict, count) -> parts.add(count + " " + verdict.text()));
        return "Conformance of " + backend + ": " + String.join(", ", parts)
                + (broken.isEmpty() ? "" : "; INCOMPLETE, as the tests themselves failed: " + broken.get(0));
    }

    /** The table for people who read it where Markdown is rendered. */
    synchronized String markdown() {
        StringBuilder out = new StringBuilder("# Conformance of " + backend + "\n\n" + heading());
        out.append("| Rule | | Verdict | Tests | Note |\n|---|---|---|---|---|\n");
        for (Line line : lines()) {
            out.append("| ")
                    .append(line.rule.id())
                    .append(" | ")
                    .append(line.rule.title())
                    .append(" | ")
                    .append(line.verdict == Verdict.FAILED ? "**failed**" : line.verdict.text())
                    .append(" | ")
                    .append(line.tests)
                    .append(" | ")
                    .append(note(line.note).replace("|", "\\|"))
                    .append(" |\n");
        }
        return out.toString();
    }

    /** The table for terminals. */
    synchronized String text() {
        StringBuilder out = new StringBuilder("Conformance of " + backend + "\n\n" + heading());
        for (Line line : lines()) {
            out.append(String.format(
                    Locale.ROOT,
                    "%-5s %-36s %-18s %-24s %s%n",
                    line.rule.id(),
                    line.rule.title(),
                    line.verdict.text(),
                    line.tests,
                    note(line.note)));
        }
        return out.toString();
    }

    private String heading() {
        return summary() + ".\n\nBy " + testClass + ", on Java " + System.getProperty("java.version") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch")
                + ". The rules are those of docs/SPEC.md.\n\n";
    }

    private static String note(String text) {
        String line = text.replaceAll("\\s+", " ").strip();
        return line.length() <= NOTE ? line : line.substring(0, NOTE) + "...";
    }
}
