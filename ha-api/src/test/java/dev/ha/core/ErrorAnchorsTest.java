package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ha.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Provokes each error that docs/errors.md explains, with real jars, and compares its message with the example given there. */
final class ErrorAnchorsTest {
    private static final Path ROOT = root();
    private static final String HA = "high-availability.";

    /**
     * One error on purpose.
     *
     * @param anchor of docs/errors.md
     * @param configuration to be resolved
     * @param jars on the class path
     * @param mentions what the message must name: key, value and remedy
     */
    record Mistake(String anchor, Map<String, ?> configuration, List<FactoryJar> jars, List<String> mentions) {
        Mistake(String anchor, Map<String, ?> configuration, FactoryJar jar, String... mentions) {
            this(anchor, configuration, List.of(jar), List.of(mentions));
        }

        @Override
        public String toString() {
            return anchor;
        }
    }

    static Stream<Mistake> mistakes() {
        FactoryJar acme = FactoryJar.named("acme.jar")
                .factory(
                        "com.acme.DbFactory",
                        "db",
                        "Option.text(\"url\", \"Where the database is.\").optional()",
                        "Option.duration(\"lease-duration\", \"Lease.\").orElse(java.time.Duration.ofSeconds(10))");
        return Stream.of(
                new Mistake(
                        "missing-key",
                        Map.of(HA + "cluster-id", "c"),
                        acme,
                        HA + "mode",
                        "set it",
                        "db (com.acme.DbFactory in "),
                new Mistake(
                        "bad-value",
                        Map.of(HA + "mode", "db", HA + "db.lease-duration", "10 parsecs"),
                        acme,
                        HA + "db.lease-duration = '10 parsecs'",
                        "must be a duration such as 10 s"),
                new Mistake(
                        "conflicting-keys",
                        Map.of(HA + "mode", "db", HA + "type", "zookeeper"),
                        acme,
                        HA + "mode = 'db'",
                        HA + "type = 'zookeeper'",
                        "remove one"),
                new Mistake(
                        "unknown-key",
                        Map.of(HA + "mode", "db", HA + "db.lease-duratoin", "10 s"),
                        acme,
                        HA + "db.lease-duratoin",
                        "did you mean " + HA + "db.lease-duration?"),
                new Mistake(
                        "no-backend",
                        Map.of(HA + "mode", "zookeeper"),
                        acme,
                        HA + "mode = 'zookeeper'",
                        "add io.github.ha-services:ha-zookeeper to the class path",
                        "com.acme.DbFactory in "),
                new Mistake(
                        "ambiguous-backend",
                        Map.of(HA + "mode", "db"),
                        List.of(acme, FactoryJar.named("other.jar").factory("org.other.DbFactory", "db")),
                        List.of(
                                HA + "mode = 'db'",
                                "com.acme.DbFactory in ",
                                "acme.jar",
                                "org.other.DbFactory in ",
                                "other.jar",
                                "remove all but one jar")),
                new Mistake(
                        "broken-backend",
                        Map.of(HA + "mode", "db"),
                        FactoryJar.named("acme.jar")
                                .type("com.acme.Base", "package com.acme; public class Base {}")
                                .type(
                                        "com.acme.DbFactory",
                                        FactoryJar.source("com.acme.DbFactory", "db")
                                                .replace(" implements", " extends Base implements"))
                                .service("com.acme.DbFactory")
                                .without("com.acme.Base"),
                        HA + "mode = 'db'",
                        "not loadable: com.acme.DbFactory",
                        "java.lang.NoClassDefFoundError: com/acme/Base",
                        "repair"),
                new Mistake(
                        "factory-not-found",
                        Map.of(HA + "mode", "com.acme.DbFactroy"),
                        acme,
                        HA + "mode = 'com.acme.DbFactroy'",
                        "add its jar",
                        "com.acme.DbFactory in "),
                new Mistake(
                        "not-a-factory",
                        Map.of(HA + "mode", "com.acme.Main"),
                        FactoryJar.named("acme.jar").type("com.acme.Main", "package com.acme; public class Main {}"),
                        HA + "mode = 'com.acme.Main'",
                        "com.acme.Main in ",
                        "acme.jar",
                        "does not implement dev.ha.spi.HighAvailabilityBackendFactory"),
                new Mistake(
                        "no-public-constructor",
                        Map.of(HA + "mode", "com.acme.DbFactory"),
                        FactoryJar.named("acme.jar")
                                .type(
                                        "com.acme.DbFactory",
                                        FactoryJar.source("com.acme.DbFactory", "db")
                                                .replace("{public String", "{DbFactory() {} public String")),
                        HA + "mode = 'com.acme.DbFactory'",
                        "com.acme.DbFactory in ",
                        "public constructor without parameters"),
                new Mistake(
                        "constructor-failed",
                        Map.of(HA + "mode", "com.acme.DbFactory"),
                        FactoryJar.named("acme.jar")
                                .type(
                                        "com.acme.DbFactory",
                                        FactoryJar.source("com.acme.DbFactory", "db")
                                                .replace(
                                                        "{public String",
                                                        "{public DbFactory() { throw new IllegalStateException(\"no"
                                                                + " driver\"); } public String")),
                        HA + "mode = 'com.acme.DbFactory'",
                        "com.acme.DbFactory in ",
                        "java.lang.IllegalStateException: no driver"),
                new Mistake(
                        "bad-mode",
                        Map.of(HA + "mode", "com.acme.DbFactory"),
                        FactoryJar.named("acme.jar").factory("com.acme.DbFactory", "My DB"),
                        "com.acme.DbFactory in ",
                        "'My DB'",
                        "lower-case letters"),
                new Mistake(
                        "missing-factory-class",
                        Map.of(HA + "mode", "FACTORY_CLASS"),
                        acme,
                        HA + "mode = 'FACTORY_CLASS'",
                        "needs " + HA + "factory-class",
                        "com.acme.DbFactory in "),
                new Mistake(
                        "unexpected-factory-class",
                        Map.of(HA + "mode", "db", HA + "factory-class", "com.acme.DbFactory"),
                        acme,
                        HA + "factory-class = 'com.acme.DbFactory'",
                        HA + "mode = 'db'",
                        "remove one"),
                new Mistake(
                        "bad-options",
                        Map.of(HA + "mode", "db"),
                        FactoryJar.named("acme.jar")
                                .type(
                                        "com.acme.DbFactory",
                                        FactoryJar.source("com.acme.DbFactory", "db")
                                                .replace("List.of()", "null"))
                                .service("com.acme.DbFactory"),
                        "com.acme.DbFactory in ",
                        "options() is null"),
                new Mistake(
                        "duplicate-option",
                        Map.of(HA + "mode", "db"),
                        FactoryJar.named("acme.jar")
                                .factory(
                                        "com.acme.DbFactory",
                                        "db",
                                        "Option.text(\"url\", \"Where.\")",
                                        "Option.texts(\"url\", \"Where.\")"),
                        "com.acme.DbFactory in ",
                        HA + "db.url",
                        "remove one"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void namesKeyValueAndRemedyAsDocumented(Mistake mistake, @TempDir Path directory) throws IOException {
        try (ClassPath classPath = ClassPath.of(directory, mistake.jars().toArray(FactoryJar[]::new))) {
            ConfigurationException error =
                    catchThrowableOfType(ConfigurationException.class, () -> classPath.find(mistake.configuration()));
            assertThat(error).isNotNull();
            assertThat(error.anchor()).isEqualTo(mistake.anchor());
            assertThat(error).hasMessageContainingAll(mistake.mentions().toArray(String[]::new));
            assertThat(error).hasMessageEndingWith(" (docs/errors.md#" + mistake.anchor() + ")");
            String example = String.valueOf(error.getMessage())
                    .replace(ClassPath.url(directory).toString(), "file:/app/lib/")
                    .replace(ClassPath.url(Path.of(libraryLocation())).toString(), "file:/app/lib/ha-api.jar");
            assertThat(section(mistake.anchor()))
                    .as("docs/errors.md must show this message")
                    .contains("\n```text\n" + example + "\n```\n");
        }
    }

    @Test
    void everyErrorIsDocumentedAndProvoked() throws IOException {
        Set<String> provoked = mistakes().map(Mistake::anchor).collect(Collectors.toCollection(TreeSet::new));
        assertThat(documented()).isEqualTo(thrown());
        assertThat(provoked).isEqualTo(thrown());
    }

    @Test
    void everySectionSaysWhatToDo() throws IOException {
        for (String anchor : documented()) {
            assertThat(section(anchor)).contains("**What to do:**");
        }
    }

    private static String libraryLocation() {
        return ConfigurationException.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
    }

    /** From the anchor to the next one. */
    private static String section(String anchor) throws IOException {
        String text = Files.readString(ROOT.resolve("docs/errors.md"));
        int from = text.indexOf("<a id=\"" + anchor + "\"></a>");
        assertThat(from).as("anchor %s in docs/errors.md", anchor).isNotNegative();
        int to = text.indexOf("<a id=", from + 1);
        return text.substring(from, to < 0 ? text.length() : to);
    }

    private static Set<String> documented() throws IOException {
        return found("<a id=\"([^\"]*)\"></a>", Files.readString(ROOT.resolve("docs/errors.md")));
    }

    /** The first argument of every ConfigurationException in the main code of all modules; always a literal, so that this finds it. */
    private static Set<String> thrown() throws IOException {
        Set<String> anchors = new TreeSet<>();
        try (Stream<Path> files = Files.walk(ROOT)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java")
                            && path.toString().replace('\\', '/').contains("/src/main/java/"))
                    .toList()) {
                anchors.addAll(found("new\\s+ConfigurationException\\(\\s*([^,]*),", Files.readString(file)));
            }
        }
        return anchors.stream()
                .map(literal -> {
                    assertThat(literal).as("anchors are literals").matches("\"[a-z-]+\"");
                    return literal.replace("\"", "");
                })
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> found(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        Set<String> found = new TreeSet<>();
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    /** The directory of the whole project, from a test that runs in its module. */
    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        return Files.exists(directory.resolve("ha-api"))
                ? directory
                : directory.resolve("..").normalize();
    }
}
