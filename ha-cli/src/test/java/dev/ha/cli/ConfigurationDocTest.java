package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.ConfigurationReference;
import dev.ha.ConfigurationReference.KnownKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Holds docs/configuration.md to the options that the code declares. Here, because this module has all backends on its
 * class path.
 */
final class ConfigurationDocTest {
    private static final Path FILE = Path.of("../docs/configuration.md");
    private static final String WRITE = "ha.docs.write";
    private static final String COMMAND = "mvn -pl ha-cli -am test -Dtest=ConfigurationDocTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -D" + WRITE + "=true";

    private static final String INTRODUCTION = """
            # Configuration

            <!-- Generated from the options in the code. To write it anew: %s -->

            All keys begin with `high-availability.`; other keys are ignored, so that a whole application's configuration can be
            given. A map may be flat (`high-availability.mode`), nested, or both; two values for one key are an error. A key that
            nobody reads is an error too, with the nearest known one: see [errors.md](errors.md), which explains every error.

            - **duration**: `10 s`, `500ms`, `1 min`, `PT10S`; bare digits are milliseconds. Units: `ns`, `us`, `ms`, `s`, `min`,
              `h`, `d` and their long names.
            - **list**: a real list, or elements with commas between them.
            - **map**: the key stands for every key below it: `x.*` for `x.a`, `x.b`, ...
            - **text** must not be blank. Space around it doesn't count, except in a secret.
            - null is the same as an absent key. Secrets are shown as `****`, in messages too.

            The mode is what a backend calls itself, in any case (`standalone` is `none`), or a factory's class name, or
            `FACTORY_CLASS`. Backends without keys of their own have no heading below. As in Apache Flink, `high-availability.type` and the bare key
            `high-availability` are aliases of `high-availability.mode`. Flink's
            `high-availability.jobmanager.port`, `high-availability.job.delay` and `high-availability.zookeeper.path.*` but `path.root` are accepted, but have no meaning yet.
            Keys of a built-in backend that is not on the class path are ignored, with a line in the log.
            """.formatted(COMMAND);

    @Test
    void saysWhatTheCodeSays() throws IOException {
        String expected = document(ConfigurationReference.keys(ConfigurationDocTest.class.getClassLoader()));
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(FILE, expected);
        }
        assertThat(FILE)
                .as("docs/configuration.md is not what the options say; write it anew with: %s", COMMAND)
                .hasContent(expected);
    }

    private static String document(List<KnownKey> keys) {
        Map<String, List<KnownKey>> byMode =
                keys.stream().collect(Collectors.groupingBy(KnownKey::mode, TreeMap::new, Collectors.toList()));
        StringBuilder document = new StringBuilder(INTRODUCTION);
        byMode.forEach((mode, ofMode) -> {
            document.append(mode.isEmpty() ? "\n## Every backend\n" : "\n## Mode `" + mode + "`\n");
            document.append("\n| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |\n");
            ofMode.forEach(key -> document.append(row(key)));
        });
        return document.toString();
    }

    private static String row(KnownKey key) {
        String requirement = key.requirement().isEmpty() ? "" : " The value " + key.requirement() + ".";
        String secret = key.secret() ? " Secret." : "";
        return "| `%s` | %s | %s | %s |\n"
                .formatted(
                        key.name(), cell(key.type()), cell(key.defaultValue()), cell(key.doc() + requirement + secret));
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;");
    }
}
