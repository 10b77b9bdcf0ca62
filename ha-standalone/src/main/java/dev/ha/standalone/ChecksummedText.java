package dev.ha.standalone;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** Key and value lines in the form of a properties file, the last one a checksum of those before: for files that people may want to read. */
final class ChecksummedText {
    private static final String CHECKSUM = "crc32c=";

    private ChecksummedText() {}

    static byte[] write(SortedMap<String, String> fields) {
        StringBuilder text = new StringBuilder();
        fields.forEach((key, value) -> {
            escape(text, key, " =:#!\\");
            text.append('=');
            escape(text, value, "\\");
            text.append('\n');
        });
        return (text + CHECKSUM + checksum(text) + '\n').getBytes(StandardCharsets.US_ASCII);
    }

    private static void escape(StringBuilder out, String text, String special) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || (c == ' ' && i == 0)) {
                out.append("\\u").append(HexFormat.of().toHexDigits(c));
            } else {
                out.append(special.indexOf(c) < 0 ? "" : "\\").append(c);
            }
        }
    }

    /** The fields; empty if the checksum does not match. */
    static Optional<SortedMap<String, String>> read(byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.US_ASCII);
        int last = text.lastIndexOf(CHECKSUM);
        if (last < 0 || !text.substring(last).equals(CHECKSUM + checksum(text.subSequence(0, last)) + '\n')) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(text.substring(0, last)));
        } catch (IllegalArgumentException notOurs) {
            return Optional.empty();
        }
        SortedMap<String, String> fields = new TreeMap<>();
        for (Map.Entry<Object, Object> field : properties.entrySet()) {
            fields.put((String) field.getKey(), (String) field.getValue());
        }
        return Optional.of(fields);
    }

    private static String checksum(CharSequence text) {
        CRC32C crc = new CRC32C();
        crc.update(text.toString().getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }
}
