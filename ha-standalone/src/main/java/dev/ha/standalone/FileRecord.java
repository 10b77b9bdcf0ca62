package dev.ha.standalone;

import dev.ha.spi.LeaderRecord;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What stands in the file "record" of an election: what one grant has published. Nobody's when another grant has been sealed.
 *
 * @param historyId of the grant
 * @param token of the grant
 * @param revision grows with each write of the file
 * @param held false once its holder has left in good order
 * @param records by component
 */
record FileRecord(String historyId, long token, long revision, boolean held, Map<String, LeaderRecord> records) {
    private static final String RECORD = "record.";

    FileRecord {
        records = Map.copyOf(records);
    }

    boolean isOf(FileSeal seal) {
        return token == seal.token() && historyId.equals(seal.historyId());
    }

    SortedMap<String, String> fields() {
        SortedMap<String, String> fields = new TreeMap<>();
        fields.put("history", historyId);
        fields.put("token", Long.toString(token));
        fields.put("revision", Long.toString(revision));
        fields.put("held", Boolean.toString(held));
        records.forEach((component, leader) -> fields.put(RECORD + component, leader.toText()));
        return fields;
    }

    /** Empty when a field is missing or not a number; a single record that can't be read is left out. */
    static Optional<FileRecord> of(SortedMap<String, String> fields) {
        String history = fields.get("history");
        if (history == null) {
            return Optional.empty();
        }
        Map<String, LeaderRecord> records = new HashMap<>();
        fields.forEach((key, value) -> {
            if (key.startsWith(RECORD)) {
                LeaderRecord.parse(value).ifPresent(leader -> records.put(key.substring(RECORD.length()), leader));
            }
        });
        try {
            return Optional.of(new FileRecord(
                    history,
                    Long.parseLong(fields.get("token")),
                    Long.parseLong(fields.get("revision")),
                    Boolean.parseBoolean(fields.get("held")),
                    records));
        } catch (NumberFormatException notOurs) {
            return Optional.empty();
        }
    }
}
