package dev.ha.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ha.ConfigurationException;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class OptionTest {
    private static final String PREFIX = "high-availability.demo.";

    enum Acl {
        OPEN,
        CREATOR_ONLY
    }

    private static <T> T read(Option<T> option, Object raw) {
        return option.read(PREFIX, Map.of(PREFIX + option.key(), raw));
    }

    private static ConfigurationException refused(Option<?> option, Map<String, ?> flat) {
        return catchThrowableOfType(ConfigurationException.class, () -> option.read(PREFIX, flat));
    }

    private static ConfigurationException refused(Option<?> option, Object raw) {
        return refused(option, Map.of(PREFIX + option.key(), raw));
    }

    private static void assertBadValue(Option<?> option, Object raw, String message) {
        ConfigurationException refused = refused(option, raw);
        assertThat(refused.anchor()).isEqualTo("bad-value");
        assertThat(refused).hasMessage(PREFIX + option.key() + " = " + message + " (docs/errors.md#bad-value)");
        assertThat(refused).hasNoCause();
    }

    @Nested
    final class Texts {
        private final Option<String> text = Option.text("name", "A name.");
        private final Option<List<String>> texts = Option.texts("names", "Names.");

        @Test
        void isStripped() {
            assertThat(read(text, "  a b ")).isEqualTo("a b");
        }

        @Test
        void mayBeANumberABooleanOrADuration() {
            assertThat(read(text, 5)).isEqualTo("5");
            assertThat(read(text, true)).isEqualTo("true");
            assertThat(read(text, Duration.ofSeconds(90))).isEqualTo("90 s");
            assertThat(read(text, Duration.ofDays(1_000_000_000L))).isEqualTo("PT24000000000H");
        }

        @Test
        void mustNotBeBlank() {
            assertBadValue(text, " ", "' ': must not be blank");
        }

        @Test
        void mustNotBeAList() {
            assertBadValue(text, List.of("a", "b"), "'[a, b]': must be a single value, not a list or map");
            assertBadValue(text, Map.of("a", "b"), "'{a=b}': must be a single value, not a list or map");
            assertThat(refused(text, new int[1])).hasMessageContaining("must be a single value");
        }

        @Test
        void listHasCommasOrElements() {
            assertThat(read(texts, "a, b,c")).containsExactly("a", "b", "c");
            assertThat(read(texts, "a")).containsExactly("a");
            assertThat(read(texts, List.of("a ", 5))).containsExactly("a", "5");
            assertThat(read(texts, new String[] {"a", "b"})).containsExactly("a", "b");
        }

        @Test
        void listHasNoEmptyElements() {
            assertBadValue(texts, "a,,b", "'a,,b': must be a list without empty elements, such as a,b");
            assertBadValue(
                    texts, Arrays.asList("a", null), "'[a, null]': must be a list without empty elements, such as a,b");
            assertBadValue(texts, "", "'': must not be blank");
            assertBadValue(texts, List.of(), "'[]': must not be empty");
            assertThat(refused(texts, List.of(List.of("a")))).hasMessageContaining("must be a single value");
        }

        @Test
        void longAndUnprintableValuesAreShownInPart() {
            assertThat(refused(Option.integer("n", "N."), "x".repeat(1000) + "\n"))
                    .hasMessageContaining("x".repeat(200) + "...'")
                    .hasMessageNotContaining("x".repeat(201));
            assertThat(refused(Option.integer("n", "N."), "1\n2 ERROR")).hasMessageContaining("'1?2 ERROR'");
        }
    }

    @Nested
    final class Others {
        @Test
        void integers() {
            Option<Integer> option = Option.integer("count", "A count.");
            assertThat(read(option, "-7")).isEqualTo(-7);
            assertThat(read(option, 7L)).isEqualTo(7);
            assertThat(read(option, 7.0)).isEqualTo(7);
            String right = "must be a whole number from -2147483648 to 2147483647";
            assertBadValue(option, "seven", "'seven': " + right);
            assertBadValue(option, "7.5", "'7.5': " + right);
            assertBadValue(option, 2147483648L, "'2147483648': " + right);
            assertBadValue(option, "1e999999999", "'1e999999999': " + right);
        }

        @Test
        void booleans() {
            Option<Boolean> option = Option.bool("flag", "A flag.");
            assertThat(read(option, " True")).isTrue();
            assertThat(read(option, false)).isFalse();
            assertBadValue(option, "yes", "'yes': must be true or false");
        }

        @Test
        void constants() {
            Option<Acl> option = Option.oneOf("acl", Acl.class, "Who may read.");
            assertThat(read(option, "Open")).isEqualTo(Acl.OPEN);
            assertThat(read(option, "creator_only")).isEqualTo(Acl.CREATOR_ONLY);
            assertThat(read(option, "CREATOR-ONLY")).isEqualTo(Acl.CREATOR_ONLY);
            assertThat(read(option, Acl.OPEN)).isEqualTo(Acl.OPEN);
            assertThat(option.typeName()).isEqualTo("one of open, creator-only");
            assertThat(option.orElse(Acl.CREATOR_ONLY).defaultText()).isEqualTo("creator-only");
            assertBadValue(option, "closed", "'closed': must be one of open, creator-only");
        }

        @Test
        void paths() {
            Option<Path> option = Option.path("directory", "A directory.");
            assertThat(read(option, " a/b ")).isEqualTo(Path.of("a/b"));
            assertThat(read(option, Path.of("a"))).isEqualTo(Path.of("a"));
            assertThat(read(option, new File("a"))).isEqualTo(Path.of("a"));
            assertBadValue(option, "a\0b", "'a?b': must be a path of this file system");
            assertBadValue(option, "", "'': must not be blank");
        }

        @Test
        void maps() {
            Option<Map<String, String>> option = Option.map("authorization.*", "Credentials by scheme.");
            Map<String, Object> flat = new HashMap<>();
            flat.put(PREFIX + "authorization.digest", "user:pass");
            flat.put(PREFIX + "authorization.X.509", 5);
            flat.put(PREFIX + "authorization.unset", null);
            flat.put(PREFIX + "authorization.", "no name");
            flat.put(PREFIX + "authorizations.other", "no");
            assertThat(option.read(PREFIX, flat)).isEqualTo(Map.of("digest", "user:pass", "X.509", "5"));
            assertThat(option.orElse(Map.of()).read(PREFIX, Map.of())).isEmpty();
            assertThat(option.optional().read(PREFIX, Map.of())).isEmpty();
            assertThat(option.orElse(Map.of()).defaultText()).isEqualTo("none");
            assertThat(refused(option, Map.of())).hasMessageContaining(PREFIX + "authorization.* is missing");
        }

        @Test
        void mapNamesTheEntryThatIsWrong() {
            Option<Map<String, String>> option = Option.map("authorization.*", "Credentials by scheme.");
            Map<String, ?> flat = Map.of(PREFIX + "authorization.a", "good", PREFIX + "authorization.b", "  ");
            assertThat(refused(option, flat))
                    .hasMessageContaining(PREFIX + "authorization.b = '  ': must not be blank")
                    .hasMessageNotContaining("good");
        }
    }

    @Nested
    final class Durations {
        private final Option<Duration> option = Option.duration("wait", "A wait.");

        @ParameterizedTest
        @CsvSource({
            "10s, PT10S",
            "10 s, PT10S",
            "' 10  S ', PT10S",
            "1 min, PT1M",
            "2 minutes, PT2M",
            "3m, PT3M",
            "PT10S, PT10S",
            "pt0.5s, PT0.5S",
            "P1D, PT24H",
            "0, PT0S",
            "1500, PT1.5S",
            "7 ms, PT0.007S",
            "7 millis, PT0.007S",
            "1 milli, PT0.001S",
            "7 milliseconds, PT0.007S",
            "5ns, PT0.000000005S",
            "5 nanoseconds, PT0.000000005S",
            "5 us, PT0.000005S",
            "5 µs, PT0.000005S",
            "5 μs, PT0.000005S",
            "5 micros, PT0.000005S",
            "2 sec, PT2S",
            "2 secs, PT2S",
            "1 second, PT1S",
            "2 hours, PT2H",
            "1 h, PT1H",
            "1 day, PT24H",
            "2d, PT48H"
        })
        void areReadInTheFormsOfFlinkAndIso(String text, Duration expected) {
            assertThat(read(option, text)).isEqualTo(expected);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "-1 s",
                    "PT-1S",
                    "-PT1S",
                    "-5",
                    "1.5 s",
                    "10 parsecs",
                    "s",
                    "10 s s",
                    "1 min 30 s",
                    "P",
                    "PTS",
                    "x",
                    "10 ss",
                    "٣ s"
                })
        void areRefusedOtherwise(String text) {
            assertBadValue(
                    option,
                    text,
                    "'" + text + "': must be a duration such as 10 s, 500 ms, 1 min or PT10S, not negative");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"300000 d", "99999999999999999999 s", "9223372036854775807 h", "PT9223372036854775807S"})
        void mustFitTheClock(String text) {
            assertBadValue(option, text, "'" + text + "': must be shorter than 292 years");
        }

        @Test
        void mayBeNumbersAndObjects() {
            assertThat(read(option, 250)).isEqualTo(Duration.ofMillis(250));
            assertThat(read(option, Duration.ofSeconds(3))).isEqualTo(Duration.ofSeconds(3));
            assertThat(refused(option, 2.5)).hasMessageContaining("must be a duration such as");
            assertThat(refused(option, Duration.ofSeconds(-3))).hasMessageContaining("not negative");
            assertThat(refused(option, Duration.ofSeconds(Long.MAX_VALUE))).hasMessageContaining("292 years");
        }

        @ParameterizedTest
        @CsvSource({
            "PT0S, 0 s",
            "PT30S, 30 s",
            "PT90S, 90 s",
            "PT60S, 1 min",
            "PT1H, 1 h",
            "PT90M, 90 min",
            "PT24H, 1 d",
            "PT36H, 36 h",
            "PT0.1S, 100 ms",
            "PT1.5S, 1500 ms",
            "PT0.000001S, 1 us",
            "PT0.000000001S, 1 ns",
            "PT-1S, PT-1S"
        })
        void areShownInTheLargestExactUnit(Duration duration, String text) {
            assertThat(option.show(duration)).isEqualTo(text);
            if (!duration.isNegative()) {
                assertThat(read(option, text)).isEqualTo(duration);
            }
        }
    }

    @Nested
    final class Absence {
        private final Option<Integer> option = Option.integer("count", "How many.");

        @Test
        void ofARequiredOptionIsAnError() {
            ConfigurationException missing = refused(option.check(n -> n > 0, "must be greater than 0"), Map.of());
            assertThat(missing.anchor()).isEqualTo("missing-key");
            assertThat(missing)
                    .hasMessage(PREFIX + "count is missing; set it (integer; it must be greater than 0): How many."
                            + " (docs/errors.md#missing-key)");
            assertThat(refused(option, Map.of())).hasMessageContaining("count is missing; set it (integer): How many.");
            assertThat(option.isRequired()).isTrue();
            assertThat(option.defaultText()).isEqualTo("required");
        }

        @Test
        void nullIsAbsence() {
            Map<String, Object> flat = new HashMap<>();
            flat.put(PREFIX + "count", null);
            assertThat(refused(option, flat).anchor()).isEqualTo("missing-key");
            assertThat(option.orElse(3).read(PREFIX, flat)).isEqualTo(3);
        }

        @Test
        void givesTheDefault() {
            Option<Integer> withDefault = option.orElse(3);
            assertThat(withDefault.read(PREFIX, Map.of())).isEqualTo(3);
            assertThat(read(withDefault, 4)).isEqualTo(4);
            assertThat(withDefault.isRequired()).isFalse();
            assertThat(withDefault.defaultText()).isEqualTo("3");
        }

        @Test
        void givesEmptyForOptional() {
            Option<Optional<Integer>> optional =
                    option.check(n -> n > 0, "must be greater than 0").optional();
            assertThat(optional.read(PREFIX, Map.of())).isEmpty();
            assertThat(read(optional, 4)).contains(4);
            assertThat(optional.isRequired()).isFalse();
            assertThat(optional.defaultText()).isEqualTo("none");
            assertThat(optional.show(Optional.of(4))).isEqualTo("4");
            assertThat(optional.typeName()).isEqualTo("integer");
            assertThat(optional.requirement()).isEqualTo("must be greater than 0");
            assertBadValue(optional, 0, "'0': must be greater than 0");
        }
    }

    @Nested
    final class Checks {
        private final Option<Integer> option = Option.integer("count", "How many.")
                .check(n -> n > 0, "must be greater than 0")
                .check(n -> n % 2 == 0, "must be even");

        @Test
        void allCount() {
            assertThat(read(option, 2)).isEqualTo(2);
            assertBadValue(option, "-2", "'-2': must be greater than 0");
            assertBadValue(option, "3", "'3': must be even");
            assertThat(option.requirement()).isEqualTo("must be greater than 0, must be even");
        }

        @Test
        void countForDefaults() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> option.orElse(3))
                    .withMessage("count: the default 3 must be even");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> option.orElse(2).check(n -> n > 2, "must be greater than 2"))
                    .withMessage("count: the default 2 must be greater than 2");
        }

        @Test
        void areOfTheOneOptionOnly() {
            Option<Integer> plain = Option.integer("count", "How many.");
            assertThat(plain.check(n -> n > 0, "must be greater than 0")).isNotSameAs(plain);
            assertThat(read(plain, -1)).isEqualTo(-1);
        }
    }

    @Nested
    final class Secrets {
        private static final String SECRET = "hunter2";

        @Test
        void areTakenToTheLetter() {
            assertThat(read(Option.text("password", "Password.").secret(), " " + SECRET + " "))
                    .isEqualTo(" " + SECRET + " ");
        }

        @Test
        void areMaskedInErrorsOfEveryType() {
            for (Option<?> option : List.of(
                    Option.integer("password", "Password.").secret(),
                    Option.duration("password", "Password.").secret(),
                    Option.bool("password", "Password.").secret(),
                    Option.oneOf("password", Acl.class, "Password.").secret(),
                    Option.path("password", "Password.")
                            .check(path -> false, "must be readable")
                            .secret(),
                    Option.texts("password", "Password.")
                            .check(list -> list.size() > 1, "must have two elements")
                            .secret(),
                    Option.text("password", "Password.")
                            .secret()
                            .check(text -> text.length() > 7, "must have 8 characters"),
                    Option.text("password", "Password.")
                            .check(text -> text.length() > 7, "must have 8 characters")
                            .optional()
                            .secret())) {
                ConfigurationException refused = refused(option, SECRET);
                assertThat(refused).hasMessageContaining("password = '****': must ");
                assertThat(refused).hasStackTraceContaining("****");
                assertThat(stackTrace(refused)).doesNotContain(SECRET);
                assertThat(refused.getSuppressed()).isEmpty();
            }
        }

        @Test
        void areMaskedWhenACheckThrows() {
            for (Option<?> option : List.of(
                    Option.text("password", "Password.")
                            .check(text -> Integer.parseInt(text) > 0, "must be a number")
                            .secret(),
                    Option.text("password", "Password.")
                            .check(text -> Integer.parseInt(text) > 0, "must be a number")
                            .secret()
                            .optional())) {
                ConfigurationException refused = refused(option, SECRET);
                assertThat(refused).hasMessageContaining("password = '****': must be a number");
                assertThat(stackTrace(refused)).doesNotContain(SECRET);
            }
        }

        @Test
        void areMaskedWhenTheyAreNotSingle() {
            assertThat(refused(Option.text("password", "Password.").secret(), List.of(SECRET)))
                    .hasMessageContaining("'****'")
                    .hasMessageNotContaining(SECRET);
            Option<?> map = Option.map("users.*", "Passwords by user.").secret();
            assertThat(refused(map, Map.of(PREFIX + "users.joe", List.of(SECRET))))
                    .hasMessageContaining("users.joe = '****': must be a single value")
                    .hasMessageNotContaining(SECRET);
        }

        @Test
        void areMaskedInTheOptionItself() {
            Option<String> option =
                    Option.text("password", "Password.").secret().orElse(SECRET);
            assertThat(option.isSecret()).isTrue();
            assertThat(option.defaultText()).isEqualTo("****");
            assertThat(option.show(SECRET)).isEqualTo("****");
            assertThat(option).hasToString("password (text, ****)");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> option.check(text -> false, "must be long"))
                    .withMessage("password: the default **** must be long");
        }

        @Test
        void thatAreAbsentAreShownAsSuch() {
            Option<Optional<String>> option =
                    Option.text("password", "Password.").secret().optional();
            assertThat(option.defaultText()).isEqualTo("none");
            assertThat(option.show(Optional.of("none"))).isEqualTo("****");
        }

        private static String stackTrace(Throwable failure) {
            StringWriter out = new StringWriter();
            failure.printStackTrace(new PrintWriter(out));
            return out.toString();
        }
    }

    @Nested
    final class Declaration {
        @ParameterizedTest
        @ValueSource(strings = {"a", "path.root", "client.session-timeout", "v2.x", "2fa", "storageDir"})
        void takesKebabCaseWithDots(String key) {
            assertThat(Option.text(key, "Doc.").key()).isEqualTo(key);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"", "A", "a-B", "a.B", "a_b", "a.", ".a", "a..b", "a-", "-a", "a--b", "a b", "a.*", "*"})
        void refusesOtherKeys(String key) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Option.text(key, "Doc."))
                    .withMessageContaining("'" + key + "'");
        }

        @ParameterizedTest
        @ValueSource(strings = {"a", "a*", ".*", "A.*"})
        void refusesOtherKeysOfMaps(String key) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Option.map(key, "Doc."))
                    .withMessageContaining("'" + key + "'");
        }

        @Test
        void demandsDocumentation() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Option.text("a", " "))
                    .withMessageContaining("documentation");
        }

        @Test
        void saysWhatItIs() {
            Option<List<String>> option = Option.texts("endpoints", "Where.").orElse(List.of("a", "b"));
            assertThat(option.doc()).isEqualTo("Where.");
            assertThat(option.isSecret()).isFalse();
            assertThat(option.requirement()).isEmpty();
            assertThat(option).hasToString("endpoints (list, a,b)");
        }
    }
}
