package dev.ha.spi;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Encodes any name one-to-one into {@code [a-z0-9_-]}, fit for files and nodes: no separators, no dots, no upper case
 * that a file system could merge (rule 8.2). Other bytes of its UTF-8 form become {@code _xx}.
 */
public final class SafeName {
    private static final int DIGEST_LENGTH = 64;

    private SafeName() {}

    /**
     * The encoded form, at most {@code maxLength} characters: a longer one keeps its beginning and ends with {@code __}
     * and the SHA-256 of the whole name, which no shorter one can contain.
     *
     * @param maxLength at least 80
     */
    public static String encode(String name, int maxLength) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) {
            char c = (char) (b & 0xff);
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') {
                out.append(c);
            } else {
                out.append('_').append(HexFormat.of().toHexDigits(b));
            }
        }
        if (out.length() > maxLength) {
            out.setLength(maxLength - DIGEST_LENGTH - 2);
            out.append("__").append(sha256(bytes));
        }
        return out.toString();
    }

    /** The name whose encoded form, not shortened, is {@code encoded}. */
    public static String decode(String encoded) {
        byte[] bytes = new byte[encoded.length()];
        int length = 0;
        for (int i = 0; i < encoded.length(); i++) {
            char c = encoded.charAt(i);
            if (c == '_' && i + 2 < encoded.length()) {
                bytes[length++] = (byte) Integer.parseInt(encoded.substring(i + 1, i + 3), 16);
                i += 2;
            } else {
                bytes[length++] = (byte) c;
            }
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }
}
