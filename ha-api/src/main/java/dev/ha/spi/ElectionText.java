package dev.ha.spi;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;

/** What is stored of an election itself: its name for people, and a random history id that dies with it (SAFETY 5). The same on every backend that stores text. */
public final class ElectionText {
    private ElectionText() {}

    /** Of a new election. */
    public static byte[] fresh(String election) {
        return ("{\"v\":1,\"election\":" + FlatJson.quote(election) + ",\"history\":\"" + UUID.randomUUID() + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The history id in {@code bytes}; {@code otherwise} if there is none, as somebody else has written them. */
    public static String history(byte[] bytes, String otherwise) {
        Map<String, String> fields =
                FlatJson.read(new String(bytes, StandardCharsets.UTF_8)).orElse(Map.of());
        String history = fields.get("history");
        return history == null || history.isBlank() ? otherwise : history;
    }
}
