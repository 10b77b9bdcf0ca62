package dev.ha.spi;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * All records of one leader as one text, bound to its candidate: for stores in which they outlive the candidate, so that they say nothing without it
 * (SAFETY Z2, Z4). The same on every such backend.
 *
 * @param candidate name of the candidate that wrote it; empty if there is none
 * @param token of that candidate
 * @param released whether that leader has given the lock up
 * @param records its records, by component
 */
public record RecordText(String candidate, long token, boolean released, Map<String, LeaderRecord> records) {
    private static final int VERSION = 1;

    /** Of what is missing, new, or not ours. */
    public static final RecordText NOTHING = new RecordText("", 0, false, Map.of());

    /** Copies the records. */
    public RecordText {
        records = Map.copyOf(records);
    }

    /** Of a leader. */
    public static RecordText published(String candidate, long token, Map<String, LeaderRecord> records) {
        return new RecordText(candidate, token, false, records);
    }

    /** Of a leader that has given the lock up. */
    public static RecordText released(String candidate, long token) {
        return new RecordText(candidate, token, true, Map.of());
    }

    /** JSON with a format version on one line. */
    public byte[] toBytes() {
        StringBuilder out = new StringBuilder("{\"v\":").append(VERSION);
        out.append(",\"candidate\":").append(FlatJson.quote(candidate));
        out.append(",\"token\":").append(token);
        out.append(",\"released\":").append(released);
        out.append(",\"records\":{");
        String separator = "";
        for (Map.Entry<String, LeaderRecord> record : new TreeMap<>(records).entrySet()) {
            out.append(separator).append(FlatJson.quote(record.getKey())).append(':');
            out.append(record.getValue().toText());
            separator = ",";
        }
        return out.append("}}").toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What {@code bytes} say; {@link #NOTHING} if that is nothing readable. */
    public static RecordText parse(byte[] bytes) {
        Map<String, String> fields =
                FlatJson.read(new String(bytes, StandardCharsets.UTF_8)).orElse(Map.of());
        if (!String.valueOf(VERSION).equals(fields.get("v"))) {
            return NOTHING;
        }
        Map<String, LeaderRecord> records = new LinkedHashMap<>();
        FlatJson.read(fields.getOrDefault("records", "{}"))
                .orElse(Map.of())
                .forEach((component, text) ->
                        LeaderRecord.parse(text).ifPresent(record -> records.put(component, record)));
        try {
            return new RecordText(
                    fields.getOrDefault("candidate", ""),
                    Long.parseLong(fields.getOrDefault("token", "0")),
                    Boolean.parseBoolean(fields.get("released")),
                    records);
        } catch (NumberFormatException notOurs) {
            return NOTHING;
        }
    }
}
