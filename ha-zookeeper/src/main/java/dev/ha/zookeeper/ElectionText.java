package dev.ha.zookeeper;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;

/** What an election's node holds: its name for people, and a random history id that dies with it (SAFETY 5). */
final class ElectionText {
    private ElectionText() {}

    /** Of a new election. */
    static byte[] fresh(String election) {
        return ("{\"v\":1,\"election\":" + Json.quote(election) + ",\"history\":\"" + UUID.randomUUID() + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The history id; for a node that somebody else has made, one that lives as long as the node. */
    static String history(byte[] bytes, long czxid) {
        Map<String, String> fields =
                Json.fields(new String(bytes, StandardCharsets.UTF_8)).orElse(Map.of());
        String history = fields.get("history");
        return history == null || history.isBlank() ? "zxid-" + Long.toHexString(czxid) : history;
    }
}
