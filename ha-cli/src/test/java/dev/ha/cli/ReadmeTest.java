package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the README, and the links of all documents, to what is there. */
final class ReadmeTest {
    private static final Path ROOT = Path.of("..");
    private static final Path README = ROOT.resolve("README.md");
    private static final Path EXAMPLE = Path.of("src/test/java/dev/ha/cli/ReadmeExample.java");
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)\n```", Pattern.DOTALL);
    private static final Pattern SNIPPET = Pattern.compile("// begin\n(.*?)\n *// end", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(#[^)\\s]*)?\\)");

    @Test
    void showsTheExampleThatCompiles() throws IOException {
        String shown = find(JAVA, Files.readString(README));
        String compiled = find(SNIPPET, Files.readString(EXAMPLE)).stripIndent();
        assertThat(shown)
                .as("the Java example of README.md and the lines between begin and end of %s must be the same", EXAMPLE)
                .isEqualTo(compiled);
    }

    @Test
    void isShort() throws IOException {
        assertThat(Files.readAllLines(README)).as("lines of README.md").hasSizeLessThanOrEqualTo(150);
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linksLeadSomewhere(Path document) throws IOException {
        List<String> broken = LINK.matcher(Files.readString(document))
                .results()
                .map(MatchResult::group)
                .map(link -> link.replaceAll("^\\]\\(|[#)].*$", ""))
                .filter(target -> !target.contains("://"))
                .filter(target -> !Files.exists(document.resolveSibling(target)))
                .toList();
        assertThat(broken)
                .as("links of %s to files that are not there", document)
                .isEmpty();
    }

    static List<Path> documents() throws IOException {
        try (Stream<Path> top = Files.list(ROOT);
                Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    private static String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.find()).as("'%s' is found", pattern).isTrue();
        return matcher.group(1);
    }
}
