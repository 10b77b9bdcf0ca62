package dev.ha.kubernetes;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** Names of objects: DNS subdomains of at most 253 characters, one-to-one (rule 8.2). */
final class Names {
    /** What all labels and annotations of this library begin with. */
    static final String PREFIX = "ha-services.github.io/";

    private static final Pattern PLAIN = Pattern.compile("[a-z0-9](-?[a-z0-9])*");
    private static final int LONGEST_PLAIN = 60;
    private static final int LONGEST_HINT = 40;

    private Names() {}

    /** Of the objects of one election. The dot is in neither part. */
    static String object(String cluster, String election) {
        return part(cluster) + "." + part(election);
    }

    /** Of a cluster, as value of a label, which may have 63 characters: others of the same are told apart by the names of their objects. */
    static String label(String cluster) {
        String whole = part(cluster);
        return whole.length() <= 63 ? whole : sha256(cluster).substring(0, 63);
    }

    /** A name that is a DNS label without {@code --} stays as it is; another one ends with {@code --} and its SHA-256, which no plain one can. */
    static String part(String name) {
        if (name.length() <= LONGEST_PLAIN && PLAIN.matcher(name).matches()) {
            return name;
        }
        String hint = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        hint = hint.substring(0, Math.min(hint.length(), LONGEST_HINT)).replaceAll("^-|-$", "");
        return (hint.isEmpty() ? "x" : hint) + "--" + sha256(name);
    }

    private static String sha256(String name) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }
}
