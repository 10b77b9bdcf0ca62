package dev.ha.core.alert;

import dev.ha.Reason;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChange.Gap;
import dev.ha.spi.FlatJson;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The body of a webhook's request. */
final class AlertText {
    private static final String OPEN = "${";

    /** Names of all fields; they are the same for every change. */
    private static final Set<String> NAMES = new LeaderChange(
                    LeaderChange.Type.LOST,
                    "",
                    "",
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Instant.EPOCH,
                    Duration.ZERO,
                    Gap.UNKNOWN,
                    Reason.INITIAL)
            .fields()
            .keySet();

    private AlertText() {}

    /** All fields as one JSON object. */
    static String json(LeaderChange change) {
        return change.fields().entrySet().stream()
                .map(field -> FlatJson.quote(field.getKey()) + ":" + value(field.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String value(@Nullable Object value) {
        return value == null || value instanceof Number ? String.valueOf(value) : FlatJson.quote(value.toString());
    }

    /**
     * What {@code template} makes of a change.
     *
     * @throws IllegalArgumentException for a placeholder that is no field
     */
    static Function<LeaderChange, String> template(String template) {
        List<String> literals = new ArrayList<>();
        List<String> fields = new ArrayList<>();
        int from = 0;
        for (int open = template.indexOf(OPEN); open >= 0; open = template.indexOf(OPEN, from)) {
            int close = template.indexOf('}', open);
            String name = close < 0 ? template.substring(open) : template.substring(open + OPEN.length(), close);
            if (close < 0 || !NAMES.contains(name)) {
                throw new IllegalArgumentException("the template's placeholder '"
                        + (close < 0 ? name : OPEN + name + "}") + "': must be ${NAME} with one of the names "
                        + String.join(", ", NAMES));
            }
            literals.add(template.substring(from, open));
            fields.add(name);
            from = close + 1;
        }
        String end = template.substring(from);
        return change -> {
            Map<String, @Nullable Object> values = change.fields();
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < fields.size(); i++) {
                text.append(literals.get(i)).append(escaped(values.get(fields.get(i))));
            }
            return text.append(end).toString();
        };
    }

    /** For a place between the quotes of a JSON string. */
    private static String escaped(@Nullable Object value) {
        String quoted = FlatJson.quote(value == null ? "" : value.toString());
        return quoted.substring(1, quoted.length() - 1);
    }
}
