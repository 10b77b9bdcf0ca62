package dev.ha.spi;

import java.io.File;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How values of one type are read from what a configuration may hold, and shown to people.
 *
 * @param name for people
 * @param isMap whether it reads all names below a key
 * @param parse from the raw value
 * @param show for people
 */
record OptionType<T>(String name, boolean isMap, Parser<T> parse, Function<? super T, String> show) {

    /** Makes a value from a raw one. */
    @FunctionalInterface
    interface Parser<T> {
        /** The value; {@code secret} ones are taken to the letter. */
        T apply(Object raw, boolean secret) throws BadValue;
    }

    static final String NONE = "none";

    static final OptionType<String> TEXT = of("text", OptionType::text, text -> text);
    static final OptionType<List<String>> TEXTS = of("list", OptionType::texts, list -> String.join(",", list));
    static final OptionType<Duration> DURATION = of(
            "duration",
            (raw, secret) -> raw instanceof Duration d ? Durations.checked(d) : Durations.parse(word(raw)),
            Durations::show);
    static final OptionType<Integer> INTEGER = of("integer", (raw, secret) -> integer(raw), String::valueOf);
    static final OptionType<Boolean> BOOLEAN = of("boolean", (raw, secret) -> bool(raw), String::valueOf);
    static final OptionType<Path> PATH = of("path", OptionType::path, Path::toString);
    static final OptionType<Map<String, String>> MAP =
            new OptionType<>("map", true, OptionType::map, map -> map.isEmpty() ? NONE : map.toString());

    static <E extends Enum<E>> OptionType<E> oneOf(Class<E> constants) {
        String name = "one of "
                + Arrays.stream(constants.getEnumConstants())
                        .map(OptionType::nameOf)
                        .collect(Collectors.joining(", "));
        return of(
                name,
                (raw, secret) -> {
                    String wanted = word(raw).replace('_', '-');
                    for (E constant : constants.getEnumConstants()) {
                        if (nameOf(constant).equalsIgnoreCase(wanted)) {
                            return constant;
                        }
                    }
                    throw new BadValue("must be " + name);
                },
                OptionType::nameOf);
    }

    OptionType<Optional<T>> optional() {
        return new OptionType<>(
                name, isMap, (raw, secret) -> Optional.of(parse.apply(raw, secret)), value -> value.map(show)
                        .orElse(NONE));
    }

    private static <T> OptionType<T> of(String name, Parser<T> parse, Function<? super T, String> show) {
        return new OptionType<>(name, false, parse, show);
    }

    private static String nameOf(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String text(Object raw, boolean secret) throws BadValue {
        if (raw instanceof Collection || raw instanceof Map || raw.getClass().isArray()) {
            throw new BadValue("must be a single value, not a list or map");
        }
        String text = raw instanceof Duration d ? Durations.show(d) : raw.toString();
        if (text.isBlank()) {
            throw new BadValue("must not be blank");
        }
        return secret ? text : text.strip();
    }

    /** A text in which space around it never matters. */
    private static String word(Object raw) throws BadValue {
        return text(raw, false);
    }

    private static List<String> texts(Object raw, boolean secret) throws BadValue {
        Collection<?> elements = raw instanceof Collection<?> list
                ? list
                : raw instanceof Object[] array
                        ? Arrays.asList(array)
                        : List.of(word(raw).split(",", -1));
        List<String> texts = new ArrayList<>();
        for (Object element : elements) {
            if (element == null || element.toString().isBlank()) {
                throw new BadValue("must be a list without empty elements, such as a,b");
            }
            texts.add(text(element, secret));
        }
        if (texts.isEmpty()) {
            throw new BadValue("must not be empty");
        }
        return List.copyOf(texts);
    }

    private static Integer integer(Object raw) throws BadValue {
        try {
            return new BigDecimal(word(raw)).intValueExact();
        } catch (NumberFormatException | ArithmeticException notOne) {
            throw new BadValue("must be a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE);
        }
    }

    private static Boolean bool(Object raw) throws BadValue {
        return switch (word(raw).toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new BadValue("must be true or false");
        };
    }

    private static Path path(Object raw, boolean secret) throws BadValue {
        if (raw instanceof Path path) {
            return path;
        }
        try {
            return raw instanceof File file ? file.toPath() : Path.of(text(raw, secret));
        } catch (InvalidPathException notOne) {
            throw new BadValue("must be a path of this file system");
        }
    }

    private static Map<String, String> map(Object raw, boolean secret) throws BadValue {
        Map<String, String> texts = new TreeMap<>();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) raw).entrySet()) {
            String name = String.valueOf(entry.getKey());
            try {
                texts.put(name, text(entry.getValue(), secret));
            } catch (BadValue bad) {
                throw new BadValue(bad.sentence(), name, entry.getValue());
            }
        }
        return Collections.unmodifiableMap(texts);
    }
}
