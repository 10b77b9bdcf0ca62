package dev.ha.cli;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened, as a line for a program or for a person. Fields keep their order; one that is null is left
 * out for people.
 */
final class Event {
    private static final DateTimeFormatter FOR_PROGRAMS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter FOR_PEOPLE =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private final String name;
    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    private Event(String name) {
        this.name = name;
    }

    static Event of(String name) {
        return new Event(name);
    }

    /** One about {@code election}. */
    static Event of(String name, String election) {
        return of(name).with("election", election);
    }

    Event with(String field, @Nullable Object value) {
        fields.put(field, value);
        return this;
    }

    /** The line that says so, with {@code at} as the time. */
    String line(Instant at, boolean json) {
        return json ? json(at) : text(at);
    }

    private String json(Instant at) {
        Json json = new Json().with("at", FOR_PROGRAMS.format(at)).with("event", name);
        fields.forEach(json::with);
        return json.toString();
    }

    private String text(Instant at) {
        StringBuilder text =
                new StringBuilder(FOR_PEOPLE.format(at)).append("  ").append(String.format("%-11s", name));
        fields.forEach((field, value) -> {
            if (value != null) {
                text.append("  ").append(field).append('=').append(printable(value.toString()));
            }
        });
        return text.toString();
    }

    /** One line, whatever a stranger published: a terminal obeys control characters. */
    static String printable(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
