package dev.ha.spi;

import dev.ha.ConfigurationException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One configuration key: name, type, default, checks and one line of documentation. Immutable; a backend keeps its
 * options as constants, returns them from {@link HighAvailabilityBackendFactory#options()} and reads them with
 * {@link BackendContext#get}.
 *
 * <pre>{@code
 * static final Option<Duration> LEASE = Option.duration("lease-duration", "How long a silent leader keeps the lock.")
 *         .orElse(Duration.ofSeconds(10))
 *         .check(d -> d.toSeconds() >= 1, "must be at least 1 s");
 * }</pre>
 *
 * <p>An option without {@link #orElse} or {@link #optional} is required. A value that can't be read is a
 * {@link ConfigurationException} which names key, value and what would be right; a {@link #secret} is never shown, in
 * no message, cause or listing (rule 8.1).
 *
 * @param <T> type of the value
 */
public final class Option<T> {
    private static final Pattern KEY =
            Pattern.compile("WORD(\\.WORD)*".replace("WORD", "[a-z0-9][a-zA-Z0-9]*(-[a-z0-9]+)*"));
    private static final String WILDCARD = ".*";
    private static final String MASK = "****";
    private static final int LONGEST_SHOWN = 200;

    private final String key;
    private final String doc;
    private final OptionType<T> type;
    private final @Nullable T defaultValue;
    private final List<Check<T>> checks;
    private final boolean secret;

    private Option(
            String key,
            String doc,
            OptionType<T> type,
            @Nullable T defaultValue,
            List<Check<T>> checks,
            boolean secret) {
        this.key = key;
        this.doc = doc;
        this.type = type;
        this.defaultValue = defaultValue;
        this.checks = List.copyOf(checks);
        this.secret = secret;
        if (defaultValue != null) {
            failedCheck(defaultValue).ifPresent(sentence -> {
                throw new IllegalArgumentException(key + ": the default " + show(defaultValue) + " " + sentence);
            });
        }
    }

    /**
     * Any text but a blank one; stripped unless it is {@link #secret}.
     *
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<String> text(String key, String doc) {
        return of(key, doc, OptionType.TEXT);
    }

    /**
     * A list of texts: a real list, or one text with commas; without blank elements, never empty.
     *
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<List<String>> texts(String key, String doc) {
        return of(key, doc, OptionType.TEXTS);
    }

    /**
     * A duration, never negative: {@code 10s}, {@code 10 s}, {@code 1 min}, {@code PT10S}; bare digits are
     * milliseconds. Units are those of Flink: ns, us, ms, s, min, h, d, and their long names.
     *
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<Duration> duration(String key, String doc) {
        return of(key, doc, OptionType.DURATION);
    }

    /**
     * A whole number of 32 bits.
     *
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<Integer> integer(String key, String doc) {
        return of(key, doc, OptionType.INTEGER);
    }

    /**
     * {@code true} or {@code false}, in any case.
     *
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<Boolean> bool(String key, String doc) {
        return of(key, doc, OptionType.BOOLEAN);
    }

    /**
     * A path of the default file system; a relative one stays relative to the working directory.
     *
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<Path> path(String key, String doc) {
        return of(key, doc, OptionType.PATH);
    }

    /**
     * A constant of {@code constants}, in any case, with {@code -} for {@code _}.
     *
     * @param <E> the enum
     * @param key below the prefix of its owner, in lower-case words with {@code -} and {@code .}
     * @param constants the enum
     * @param doc one line of documentation
     * @return a required option
     */
    public static <E extends Enum<E>> Option<E> oneOf(String key, Class<E> constants, String doc) {
        return of(key, doc, OptionType.oneOf(constants));
    }

    /**
     * Free names below a key, each with a text: {@code map("authorization.*", ...)} reads
     * {@code authorization.digest} as {@code digest}.
     *
     * @param key ends with {@code .*}
     * @param doc one line of documentation
     * @return a required option
     */
    public static Option<Map<String, String>> map(String key, String doc) {
        if (!key.endsWith(WILDCARD)) {
            throw new IllegalArgumentException("the key of a map must end with '.*', not '" + key + "'");
        }
        return of(key, doc, OptionType.MAP);
    }

    private static <T> Option<T> of(String key, String doc, OptionType<T> type) {
        String plain = type.isMap() ? key.substring(0, key.length() - WILDCARD.length()) : key;
        if (!KEY.matcher(plain).matches()) {
            throw new IllegalArgumentException(
                    "a key must be words with '-' and '.' that begin in lower case, not '" + key + "'");
        }
        if (doc.isBlank()) {
            throw new IllegalArgumentException(key + " needs a line of documentation");
        }
        return new Option<>(key, doc, type, null, List.of(), false);
    }

    /**
     * This, with {@code value} where nothing is configured.
     *
     * @param value the default
     * @return an option that may be absent
     * @throws IllegalArgumentException if {@code value} fails a check of this option
     */
    public Option<T> orElse(T value) {
        return new Option<>(key, doc, type, value, checks, secret);
    }

    /**
     * This, with {@link Optional#empty()} where nothing is configured; checks so far apply to a value that is there.
     *
     * @return an option that may be absent
     */
    public Option<Optional<T>> optional() {
        List<Check<Optional<T>>> lifted = checks.stream()
                .map(check ->
                        new Check<Optional<T>>(value -> value.isEmpty() || check.passes(value.get()), check.sentence))
                .toList();
        return new Option<>(key, doc, type.optional(), Optional.empty(), lifted, secret);
    }

    /**
     * This, and its value must meet {@code ok} too. A check that throws is not met; its exception, which may repeat a
     * secret, is dropped.
     *
     * @param ok the check
     * @param sentence what the error says of a value that does not, such as {@code must be at least 1 s}
     * @return the checked option
     * @throws IllegalArgumentException if the default of this option does not meet {@code ok}
     */
    public Option<T> check(Predicate<? super T> ok, String sentence) {
        List<Check<T>> more = new ArrayList<>(checks);
        more.add(new Check<>(ok, sentence));
        return new Option<>(key, doc, type, defaultValue, more, secret);
    }

    /**
     * This, with its value masked in every message and listing.
     *
     * @return the masked option
     */
    public Option<T> secret() {
        return new Option<>(key, doc, type, defaultValue, checks, true);
    }

    /**
     * The key below the prefix of its owner; ends with {@code .*} for a {@link #map}.
     *
     * @return the key
     */
    public String key() {
        return key;
    }

    /**
     * One line of documentation.
     *
     * @return the line
     */
    public String doc() {
        return doc;
    }

    /**
     * Whether the value is masked everywhere.
     *
     * @return true if so
     */
    public boolean isSecret() {
        return secret;
    }

    /**
     * Whether a configuration without this key is an error.
     *
     * @return true if so
     */
    public boolean isRequired() {
        return defaultValue == null;
    }

    /**
     * The default for people: {@code required} where there is none, {@code none} for {@link #optional}, masked if
     * secret.
     *
     * @return the default
     */
    public String defaultText() {
        return defaultValue == null ? "required" : show(defaultValue);
    }

    /**
     * The type for people: {@code text}, {@code list}, {@code duration}, {@code one of open, creator}, ...
     *
     * @return the type
     */
    public String typeName() {
        return type.name();
    }

    /**
     * What the checks demand, such as {@code must be at least 1 s}; empty without checks.
     *
     * @return a sentence without a subject
     */
    public String requirement() {
        return checks.stream().map(Check::sentence).collect(Collectors.joining(", "));
    }

    /**
     * A value of this option for people; masked if secret.
     *
     * @param value what to show
     * @return the text
     */
    public String show(T value) {
        boolean nothing = (value instanceof Optional<?> optional && optional.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty());
        return secret && !nothing ? MASK : shorten(type.show().apply(value));
    }

    /**
     * The value in {@code flat}, converted and checked, or the default. Backends call {@link BackendContext#get}
     * instead.
     *
     * @param prefix what precedes {@link #key()} in {@code flat}, such as {@code high-availability.file.}
     * @param flat full keys with their values: texts, numbers, booleans, durations, lists; null is the same as absent
     * @return the value in use
     * @throws ConfigurationException {@code missing-key} for an absent value without default, {@code bad-value} for
     *     one of another form or that fails a check
     */
    public T read(String prefix, Map<String, ?> flat) {
        Object raw = type.isMap() ? namesBelow(prefix, flat) : flat.get(prefix + key);
        if (raw != null) {
            return parse(prefix, raw);
        }
        if (defaultValue == null) {
            String demand = requirement().isEmpty() ? "" : "; it " + requirement();
            throw new ConfigurationException(
                    "missing-key", prefix + key + " is missing; set it (" + typeName() + demand + "): " + doc);
        }
        return defaultValue;
    }

    private T parse(String prefix, Object raw) {
        T value;
        try {
            value = type.parse().apply(raw, secret);
        } catch (BadValue bad) {
            throw badValue(prefix + bad.keyIn(key), bad.value(raw), bad.sentence());
        }
        failedCheck(value).ifPresent(sentence -> {
            throw badValue(prefix + key, raw, sentence);
        });
        return value;
    }

    /** Never with a cause: the exceptions of parsers repeat what they could not parse, which may be a secret. */
    private ConfigurationException badValue(String fullKey, Object raw, String sentence) {
        String shown = secret ? MASK : shorten(String.valueOf(raw));
        return new ConfigurationException("bad-value", fullKey + " = '" + shown + "': " + sentence);
    }

    private @Nullable Object namesBelow(String prefix, Map<String, ?> flat) {
        String start = prefix + key.substring(0, key.length() - 1);
        Map<String, Object> found = new TreeMap<>();
        flat.forEach((name, value) -> {
            if (value != null && name.length() > start.length() && name.startsWith(start)) {
                found.put(name.substring(start.length()), value);
            }
        });
        return found.isEmpty() ? null : found;
    }

    private Optional<String> failedCheck(T value) {
        return checks.stream()
                .filter(check -> !check.passes(value))
                .map(Check::sentence)
                .findFirst();
    }

    private static String shorten(String text) {
        String visible = text.replaceAll("\\p{Cntrl}", "?");
        return visible.length() <= LONGEST_SHOWN ? visible : visible.substring(0, LONGEST_SHOWN) + "...";
    }

    /** Key, type and default; never a configured value. */
    @Override
    public String toString() {
        return key + " (" + typeName() + ", " + defaultText() + ")";
    }

    private record Check<T>(Predicate<? super T> ok, String sentence) {
        boolean passes(T value) {
            try {
                return ok.test(value);
            } catch (RuntimeException failed) {
                return false;
            }
        }
    }
}
