package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ha.ConfigurationException;
import dev.ha.ConfigurationReference.Setting;
import dev.ha.ConfigurationReference.Source;
import dev.ha.spi.BackendContext;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SettingsTest {
    private static final String HA = "high-availability.";
    private static final String SECRET = "hunter2";

    /** A factory with one option of each kind that matters here. */
    private static final class DemoFactory implements HighAvailabilityBackendFactory {
        static final Option<Optional<String>> PASSWORD =
                Option.text("password", "Password.").secret().optional();
        static final Option<Map<String, String>> USERS =
                Option.map("users.*", "Passwords by user.").secret().orElse(Map.of());
        static final Option<Duration> WAIT = Option.duration("wait", "A wait.").orElse(Duration.ofSeconds(90));
        static final Option<List<String>> NODES = Option.texts("nodes", "Nodes.");

        @Override
        public String mode() {
            return "demo";
        }

        @Override
        public Collection<Option<?>> options() {
            return List.of(PASSWORD, USERS, WAIT, NODES);
        }

        @Override
        public HighAvailabilityBackend create(BackendContext context) {
            throw new UnsupportedOperationException();
        }
    }

    private static String mode(Map<?, ?> configuration) {
        return Settings.of(configuration).core(CoreOptions.MODE);
    }

    private static ConfigurationException refused(Map<?, ?> configuration) {
        return catchThrowableOfType(ConfigurationException.class, () -> Settings.of(configuration));
    }

    @Test
    void theStorageDirectoryIsAPathOrAUri() {
        assertThat(Bootstrap.engineSettings(Settings.of(Map.of())).storage()).isEmpty();
        for (String directory : List.of("/data/ha", "file:///data/ha")) {
            Settings settings = Settings.of(Map.of(HA + "storageDir", directory));
            assertThat(Bootstrap.engineSettings(settings).storage()).contains(Path.of("/data/ha"));
        }
    }

    @Nested
    final class Forms {
        private final DemoFactory factory = new DemoFactory();

        @Test
        void flatNestedAndMixedAreTheSame() {
            List<Map<?, ?>> forms = List.of(
                    Map.of(HA + "mode", "demo", HA + "demo.nodes", "a,b"),
                    Map.of("high-availability", Map.of("mode", "demo", "demo", Map.of("nodes", List.of("a", "b")))),
                    Map.of("high-availability", Map.of("mode", "demo", "demo.nodes", "a,b")),
                    Map.of(HA + "mode", "demo", HA + "demo", Map.of("nodes", "a, b")),
                    Map.of(HA + "mode", "demo", "high-availability", Map.of("demo", Map.of("nodes", "a,b"))),
                    Map.of("high-availability", "demo", HA + "demo.nodes", "a,b"));
            for (Map<?, ?> form : forms) {
                Settings settings = Settings.of(form);
                assertThat(settings.core(CoreOptions.MODE)).isEqualTo("demo");
                assertThat(settings.backend(factory, DemoFactory.NODES)).containsExactly("a", "b");
                assertThat(settings.keys()).containsExactly("demo.nodes", "mode");
            }
        }

        @Test
        void propertiesWork() {
            Properties properties = new Properties();
            properties.setProperty(HA + "mode", "demo");
            properties.putAll(System.getProperties());
            assertThat(mode(properties)).isEqualTo("demo");
        }

        @Test
        void otherKeysAreIgnored() {
            Map<Object, Object> configuration = new HashMap<>();
            configuration.put(HA + "mode", "demo");
            configuration.put("high-availabilities", "x");
            configuration.put("akka", Map.of("high-availability", "x"));
            configuration.put(5, null);
            configuration.put(null, "x");
            assertThat(Settings.of(configuration).keys()).containsExactly("mode");
        }

        @Test
        void nullsAndEmptyMapsAreNotThere() {
            Map<String, Object> nested = new HashMap<>();
            nested.put("mode", "demo");
            nested.put("cluster-id", null);
            nested.put("demo", Map.of());
            Settings settings = Settings.of(Map.of("high-availability", nested));
            assertThat(settings.keys()).containsExactly("mode");
            assertThat(settings.core(CoreOptions.CLUSTER_ID)).isEqualTo("default");
        }

        @Test
        void leavesNeedNotBeTexts() {
            Settings settings = Settings.of(
                    Map.of(HA + "cluster-id", 42, HA + "retry-wait", 250, HA + "close-timeout", Duration.ofSeconds(5)));
            assertThat(settings.core(CoreOptions.CLUSTER_ID)).isEqualTo("42");
            assertThat(settings.core(CoreOptions.RETRY_WAIT)).isEqualTo(Duration.ofMillis(250));
            assertThat(settings.core(CoreOptions.CLOSE_TIMEOUT)).isEqualTo(Duration.ofSeconds(5));
        }

        @Test
        void listsAndArraysAreCopied() {
            List<String> list = new ArrayList<>(List.of("a"));
            String[] array = {"a"};
            Settings ofList = Settings.of(Map.of(HA + "demo.nodes", list));
            Settings ofArray = Settings.of(Map.of(HA + "demo.nodes", array));
            list.set(0, "b");
            array[0] = "b";
            assertThat(ofList.backend(factory, DemoFactory.NODES)).containsExactly("a");
            assertThat(ofArray.backend(factory, DemoFactory.NODES)).containsExactly("a");
        }

        @Test
        void keysInsideMayBeOfAnyType() {
            assertThat(Settings.of(Map.of("high-availability", Map.of("demo", Map.of(1, "x"))))
                            .keys())
                    .containsExactly("demo.1");
        }
    }

    @Nested
    final class TwoSpellings {
        @Test
        void withOneValueAreFine() {
            assertThat(mode(Map.of(HA + "mode", "demo", "high-availability", Map.of("mode", "demo"))))
                    .isEqualTo("demo");
            assertThat(Settings.of(Map.of(
                                    HA + "demo.nodes",
                                    "a, b",
                                    "high-availability",
                                    Map.of("demo", Map.of("nodes", List.of("a", "b")))))
                            .keys())
                    .containsExactly("demo.nodes");
            assertThat(Settings.of(Map.of(HA + "demo.n", "5", "high-availability", Map.of("demo", Map.of("n", 5))))
                            .keys())
                    .containsExactly("demo.n");
        }

        @Test
        void withTwoValuesAreAnErrorThatTellsNeither() {
            ConfigurationException refused = refused(Map.of(
                    HA + "demo.password", SECRET, "high-availability", Map.of("demo", Map.of("password", "other"))));
            assertThat(refused.anchor()).isEqualTo("conflicting-keys");
            assertThat(refused)
                    .hasMessage(HA + "demo.password is given twice, flat and nested, with different values; remove one"
                            + " (docs/errors.md#conflicting-keys)");
        }
    }

    @Nested
    final class Aliases {
        @Test
        void ofTheModeAreThoseOfFlink() {
            assertThat(mode(Map.of(HA + "type", "demo"))).isEqualTo("demo");
            assertThat(mode(Map.of("high-availability", "demo"))).isEqualTo("demo");
            assertThat(mode(Map.of("high-availability", Map.of("type", "demo"))))
                    .isEqualTo("demo");
        }

        @Test
        void thatAgreeAreFine() {
            assertThat(mode(Map.of(HA + "type", "demo", HA + "mode", "Demo"))).isEqualTo("Demo");
            assertThat(mode(Map.of(HA + "type", "demo", "high-availability", "demo")))
                    .isEqualTo("demo");
        }

        @ParameterizedTest
        @CsvSource({
            "high-availability.mode, high-availability.type, high-availability.type",
            "high-availability.mode, high-availability, high-availability",
            "high-availability, high-availability.type, high-availability.type"
        })
        void thatDifferAreAnError(String one, String other, String alias) {
            ConfigurationException refused = refused(Map.of(one, "demo", other, "zookeeper"));
            assertThat(refused.anchor()).isEqualTo("conflicting-keys");
            assertThat(refused)
                    .hasMessageContainingAll(HA + "mode = 'demo'", "alias " + alias + " = 'zookeeper'", "remove one");
        }

        @Test
        void areNotKeysAnyMore() {
            assertThat(Settings.of(Map.of(HA + "type", "demo")).keys()).containsExactly("mode");
        }
    }

    @Nested
    final class Core {
        @Test
        void hasDefaults() {
            Settings settings = Settings.of(Map.of());
            assertThat(settings.core(CoreOptions.CLUSTER_ID)).isEqualTo("default");
            assertThat(settings.core(CoreOptions.CLOSE_TIMEOUT)).isEqualTo(Duration.ofSeconds(30));
            assertThat(settings.core(CoreOptions.RETRY_WAIT)).isEqualTo(Duration.ofMillis(100));
            assertThat(settings.core(CoreOptions.MAX_RETRY_WAIT)).isEqualTo(Duration.ofSeconds(10));
            assertThat(settings.core(CoreOptions.RESIGN_WAIT)).isEqualTo(Duration.ofSeconds(1));
            assertThat(settings.core(CoreOptions.FACTORY_CLASS)).isEmpty();
        }

        @ParameterizedTest
        @CsvSource({
            "cluster-id, ' ', must not be blank",
            "storageDir, blobs, 'must be an absolute path, or the URI of a directory in a file system that this JVM has'",
            "storageDir, s3://bucket/x, 'must be an absolute path, or the URI of a directory in a file system that this JVM has'",
            "cluster-id, \uD800, must have 1 to 200 characters of well-formed text",
            "close-timeout, 0, must be greater than 0",
            "retry-wait, 0 s, must be greater than 0",
            "max-retry-wait, 0 s, must be greater than 0",
            "max-retry-wait, 99 ms, 'must be at least high-availability.retry-wait, which is 100 ms'",
            "resign-wait, -1 s, not negative",
            "factory-class, '', must not be blank"
        })
        void isChecked(String key, String value, String demand) {
            Settings settings = Settings.of(Map.of(HA + "mode", "demo", HA + key, value));
            ConfigurationException refused =
                    catchThrowableOfType(ConfigurationException.class, () -> settings.checkValues("demo", List.of()));
            assertThat(refused.anchor()).isEqualTo("bad-value");
            assertThat(refused).hasMessageContainingAll(HA + key + " = '" + value + "'", demand);
        }

        @Test
        void longNamesEndAt200() {
            Settings good = Settings.of(Map.of(HA + "mode", "demo", HA + "cluster-id", "ü".repeat(200)));
            good.checkValues("demo", List.of());
            Settings bad = Settings.of(Map.of(HA + "cluster-id", "x".repeat(201)));
            assertThat(catchThrowableOfType(ConfigurationException.class, () -> bad.core(CoreOptions.CLUSTER_ID)))
                    .hasMessageContaining("1 to 200 characters");
        }

        @Test
        void isNothingElse() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Settings.of(Map.of()).core(DemoFactory.WAIT))
                    .withMessageContaining("wait");
        }
    }

    @Nested
    final class Backend {
        private final DemoFactory factory = new DemoFactory();

        @Test
        void readsWhatItDeclares() {
            Settings settings = Settings.of(Map.of(HA + "demo.wait", "5 s", HA + "wait", "7 s"));
            assertThat(settings.backend(factory, DemoFactory.WAIT)).isEqualTo(Duration.ofSeconds(5));
        }

        @Test
        void readsNothingElse() {
            Option<Duration> undeclared = Option.duration("wait", "A wait.").orElse(Duration.ofSeconds(90));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Settings.of(Map.of()).backend(factory, undeclared))
                    .withMessageContainingAll("DemoFactory", "wait", "options()");
        }

        @Test
        void isCheckedAsAWhole() {
            Settings settings =
                    Settings.of(Map.of(HA + "mode", "demo", HA + "demo.nodes", "a", HA + "demo.wait", "never"));
            assertThat(catchThrowableOfType(
                            ConfigurationException.class,
                            () -> settings.checkValues("demo", List.copyOf(factory.options()))))
                    .hasMessageContaining(HA + "demo.wait = 'never'");
        }
    }

    @Nested
    final class Description {
        @Test
        void listsEveryValueAndItsSource() {
            Settings settings = Settings.of(
                    Map.of("high-availability", "demo", HA + "demo.nodes", "a,b", HA + "cluster-id", "default"));
            assertThat(settings.describe(new DemoFactory()))
                    .containsExactly(
                            new Setting(HA + "mode", "demo", Source.CONFIGURED),
                            new Setting(HA + "factory-class", "none", Source.DEFAULT),
                            new Setting(HA + "cluster-id", "default", Source.CONFIGURED),
                            new Setting(HA + "close-timeout", "30 s", Source.DEFAULT),
                            new Setting(HA + "retry-wait", "100 ms", Source.DEFAULT),
                            new Setting(HA + "max-retry-wait", "10 s", Source.DEFAULT),
                            new Setting(HA + "resign-wait", "1 s", Source.DEFAULT),
                            new Setting(HA + "storageDir", "none", Source.DEFAULT),
                            new Setting(HA + "demo.password", "none", Source.DEFAULT),
                            new Setting(HA + "demo.users.*", "none", Source.DEFAULT),
                            new Setting(HA + "demo.wait", "90 s", Source.DEFAULT),
                            new Setting(HA + "demo.nodes", "a,b", Source.CONFIGURED));
        }

        @Test
        void masksSecrets() {
            Settings settings = Settings.of(Map.of(
                    HA + "mode",
                    "demo",
                    HA + "demo.nodes",
                    "a",
                    HA + "demo.password",
                    SECRET,
                    HA + "demo.users.joe",
                    SECRET));
            assertThat(settings.describe(new DemoFactory()))
                    .contains(
                            new Setting(HA + "demo.password", "****", Source.CONFIGURED),
                            new Setting(HA + "demo.users.*", "****", Source.CONFIGURED))
                    .noneMatch(setting -> setting.toString().contains(SECRET));
            assertThat(settings.toString()).contains("demo.password").doesNotContain(SECRET);
        }
    }
}
