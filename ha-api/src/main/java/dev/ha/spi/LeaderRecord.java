package dev.ha.spi;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What is stored for one component. Its text form is the same on every backend, so that a person and the TCK can read
 * it.
 *
 * @param sessionId of the grant that published it
 * @param fencingToken of the grant that published it
 * @param address what was confirmed
 */
public record LeaderRecord(UUID sessionId, long fencingToken, String address) {
    private static final int VERSION = 1;

    /** JSON with a format version on one line: {@code {"v":1,"session":"...","token":7,"address":"..."}}. */
    public String toText() {
        return FlatJson.write(
                Map.entry("v", VERSION),
                Map.entry("session", sessionId.toString()),
                Map.entry("token", fencingToken),
                Map.entry("address", address));
    }

    /**
     * The record in {@code text}; unknown fields are ignored. Empty for what is not ours or not readable, never an
     * exception.
     */
    public static Optional<LeaderRecord> parse(String text) {
        return FlatJson.read(text).flatMap(LeaderRecord::of);
    }

    private static Optional<LeaderRecord> of(Map<String, String> fields) {
        try {
            String session = fields.get("session");
            String token = fields.get("token");
            String address = fields.get("address");
            if (!String.valueOf(VERSION).equals(fields.get("v"))
                    || session == null
                    || token == null
                    || address == null) {
                return Optional.empty();
            }
            return Optional.of(new LeaderRecord(UUID.fromString(session), Long.parseLong(token), address));
        } catch (IllegalArgumentException notOurs) {
            return Optional.empty();
        }
    }
}
