package dev.ha.zookeeper;

import dev.ha.spi.LeaderRecord;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an election's record node holds: all records of one leader, bound to its candidate. Persistent, so it says nothing without that candidate (SAFETY Z2, Z4).
 *
 * @param candidate name of the candidate that wrote it; empty if there is none
 * @param token of that candidate
 * @param released whether that leader has given the lock up
 * @param records its records, by component
 */
record RecordText(String candidate, long token, boolean released, Map<String, LeaderRecord> records) {
    private static final int VERSION = 1;

    /** Of a node that is missing, new, or not ours. */
    static final RecordText NOTHING = new RecordText("", 0, false, Map.of());

    RecordText {
        records = Map.copyOf(records);
    }

    static RecordText published(String candidate, long token, Map<String, LeaderRecord> records) {
        return new RecordText(candidate, token, false, records);
    }

    static RecordText released(String candidate, long token) {
        return new RecordText(candidate, token, true, Map.of());
    }

    /** JSON with a format version on one line. */
    byte[] toBytes() {
        StringBuilder out = new StringBuilder("{\"v\":").append(VERSION);
        out.append(",\"candidate\":").append(Json.quote(candidate));
        out.append(",\"token\":").append(token);
        out.append(",\"released\":").append(released);
        out.append(",\"records\":{");
        String separator = "";
        for (Map.Entry<String, LeaderRecord> record : new TreeMap<>(records).entrySet()) {
            out.append(separator).append(Json.quote(record.getKey())).append(':');
            out.append(record.getValue().toText());
            separator = ",";
        }
        return out.append("}}").toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What {@code bytes} say; {@link #NOTHING} if that is nothing readable. */
    static RecordText parse(byte[] bytes) {
        Map<String, String> fields =
                Json.fields(new String(bytes, StandardCharsets.UTF_8)).orElse(Map.of());
        if (!String.valueOf(VERSION).equals(fields.get("v"))) {
            return NOTHING;
        }
        Map<String, LeaderRecord> records = new LinkedHashMap<>();
        Json.fields(fields.getOrDefault("records", "{}"))
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
