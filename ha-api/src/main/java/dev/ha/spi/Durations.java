package dev.ha.spi;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as text: Flink's forms ({@code 10s}, {@code 1 min}, bare milliseconds) and ISO 8601 ({@code PT10S}). */
final class Durations {
    private static final Pattern AMOUNT = Pattern.compile("([0-9]+)\\s*([a-zµμ]*)");
    private static final Map<String, ChronoUnit> UNITS = units();
    private static final String FORM = "must be a duration such as 10 s, 500 ms, 1 min or PT10S, not negative";
    private static final String LIMIT = "must be shorter than 292 years";

    private Durations() {}

    static Duration parse(String text) throws BadValue {
        String lower = text.strip().toLowerCase(Locale.ROOT);
        try {
            if (lower.startsWith("p")) {
                return checked(Duration.parse(lower));
            }
            Matcher amount = AMOUNT.matcher(lower);
            ChronoUnit unit = amount.matches() ? UNITS.get(amount.group(2)) : null;
            if (unit == null) {
                throw new BadValue(FORM);
            }
            return checked(Duration.of(Long.parseLong(amount.group(1)), unit));
        } catch (DateTimeException malformed) {
            throw new BadValue(FORM);
        } catch (ArithmeticException | NumberFormatException tooLong) {
            throw new BadValue(LIMIT);
        }
    }

    /** The same, if it is neither negative nor too long to be counted in nanoseconds. */
    static Duration checked(Duration duration) throws BadValue {
        if (duration.isNegative()) {
            throw new BadValue(FORM);
        }
        if (isTooLong(duration)) {
            throw new BadValue(LIMIT);
        }
        return duration;
    }

    private static boolean isTooLong(Duration duration) {
        return duration.toSeconds() >= Long.MAX_VALUE / 1_000_000_000L;
    }

    /** In the largest unit that shows it exactly: {@code 30 s}, {@code 1 min}, {@code 1500 ms}. */
    static String show(Duration duration) {
        if (duration.isNegative() || isTooLong(duration)) {
            return duration.toString();
        }
        long nanos = duration.toNanos();
        if (nanos % 1_000 != 0) {
            return nanos + " ns";
        } else if (nanos % 1_000_000 != 0) {
            return nanos / 1_000 + " us";
        } else if (nanos % 1_000_000_000 != 0) {
            return duration.toMillis() + " ms";
        }
        long seconds = duration.toSeconds();
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + " s";
        } else if (seconds % 3_600 != 0) {
            return seconds / 60 + " min";
        }
        return seconds % 86_400 != 0 ? seconds / 3_600 + " h" : seconds / 86_400 + " d";
    }

    private static Map<String, ChronoUnit> units() {
        Map<String, ChronoUnit> units = new HashMap<>();
        name(units, ChronoUnit.NANOS, "ns", "nano", "nanosecond");
        name(units, ChronoUnit.MICROS, "us", "µs", "μs", "micro", "microsecond");
        name(units, ChronoUnit.MILLIS, "", "ms", "milli", "millisecond");
        name(units, ChronoUnit.SECONDS, "s", "sec", "second");
        name(units, ChronoUnit.MINUTES, "m", "min", "minute");
        name(units, ChronoUnit.HOURS, "h", "hour");
        name(units, ChronoUnit.DAYS, "d", "day");
        return Map.copyOf(units);
    }

    private static void name(Map<String, ChronoUnit> units, ChronoUnit unit, String... names) {
        for (String name : names) {
            units.put(name, unit);
            if (name.length() > 2) {
                units.put(name + "s", unit);
            }
        }
    }
}
