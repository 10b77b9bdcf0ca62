package dev.ha.standalone;

import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What stands in the file "token" of an election: the latest grant, written before it is given. Whoever does not find its own here has been superseded.
 *
 * @param historyId created with the file
 * @param token of the latest grant
 * @param process name of the process file of whoever got it
 * @param revision of the election at the grant
 */
record FileSeal(String historyId, long token, String process, long revision) {
    private static final Pattern FILE_NAME = Pattern.compile("[a-z0-9_-]+");

    boolean isSameGrant(FileSeal other) {
        return token == other.token && historyId.equals(other.historyId);
    }

    SortedMap<String, String> fields() {
        SortedMap<String, String> fields = new TreeMap<>();
        fields.put("history", historyId);
        fields.put("token", Long.toString(token));
        fields.put("process", process);
        fields.put("revision", Long.toString(revision));
        return fields;
    }

    /** Empty when a field is missing, or is not what it should be. */
    static Optional<FileSeal> of(SortedMap<String, String> fields) {
        String history = fields.get("history");
        String process = fields.get("process");
        if (history == null || process == null || !FILE_NAME.matcher(process).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new FileSeal(
                    history, Long.parseLong(fields.get("token")), process, Long.parseLong(fields.get("revision"))));
        } catch (NumberFormatException notOurs) {
            return Optional.empty();
        }
    }
}
