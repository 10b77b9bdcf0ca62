package dev.ha.tck;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules of {@code docs/SPEC.md}, read from the text itself, so that table, messages and specification can't differ. */
final class Spec {
    private static final Pattern RULE = Pattern.compile("(?m)^\\*\\*(\\d+\\.\\d+) ([^*]+)\\.\\*\\* ");
    private static final Pattern PLACE = Pattern.compile("- \\*TCK:\\* (tested|untested)[:.]\\s*(.*)");

    private final Map<String, Text> rules;

    /**
     * One rule.
     *
     * @param id such as {@code 1.2}
     * @param title a few words
     * @param text what it demands
     * @param untested why the TCK has no test of it; empty when it has
     */
    record Text(String id, String title, String text, Optional<String> untested) {}

    private Spec(Map<String, Text> rules) {
        this.rules = rules;
    }

    /** The specification that this TCK was built with. */
    static Spec load() {
        try (InputStream in = Spec.class.getResourceAsStream("SPEC.md")) {
            if (in == null) {
                throw new IllegalStateException("ha-tck was built without docs/SPEC.md");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The rules in {@code markdown}: a paragraph each that begins with id and title in bold, and has a line {@code - *Why:*} and one {@code - *TCK:*}. */
    static Spec parse(String markdown) {
        Map<String, Text> rules = new LinkedHashMap<>();
        for (String paragraph : markdown.split("\n\\s*\n", -1)) {
            Matcher rule = RULE.matcher(paragraph);
            if (rule.find()) {
                Text text = rule(paragraph.replaceAll("\\s+", " "), rule.group(1), rule.group(2));
                if (rules.put(text.id, text) != null) {
                    throw new IllegalArgumentException("rule " + text.id + " is there twice");
                }
            }
        }
        return new Spec(rules);
    }

    private static Text rule(String paragraph, String id, String title) {
        int why = paragraph.indexOf("- *Why:*");
        int tck = paragraph.indexOf("- *TCK:*");
        if (why < 0 || tck < why) {
            throw new IllegalArgumentException("rule " + id + " needs a line *Why:* and then a line *TCK:*");
        }
        Matcher place = PLACE.matcher(paragraph.substring(tck));
        if (!place.matches()) {
            throw new IllegalArgumentException(
                    "the *TCK:* line of rule " + id + " must begin with 'tested' or 'untested'");
        }
        String text = paragraph.substring(paragraph.indexOf(".**") + 3, why).strip();
        return new Text(
                id, title, text, place.group(1).equals("tested") ? Optional.empty() : Optional.of(place.group(2)));
    }

    /** All rules, in their order. */
    Collection<Text> rules() {
        return rules.values();
    }

    /** The rule of that id. */
    Text rule(String id) {
        @Nullable Text text = rules.get(id);
        if (text == null) {
            throw new IllegalArgumentException("docs/SPEC.md has no rule " + id);
        }
        return text;
    }
}
