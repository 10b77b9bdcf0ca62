package dev.ha.etcd;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Version of a server, as far as it matters to us (SAFETY E1, E2). */
record ServerVersion(int major, int minor, int patch) {
    static final String NEEDED = "3.4.31 and 3.5.13";

    private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})\\.(\\d{1,6}).*");

    /** Of a text such as {@code 3.5.16}; 0.0.0 for anything else. */
    static ServerVersion of(String text) {
        Matcher parts = FORM.matcher(text);
        return parts.matches()
                ? new ServerVersion(
                        Integer.parseInt(parts.group(1)),
                        Integer.parseInt(parts.group(2)),
                        Integer.parseInt(parts.group(3)))
                : new ServerVersion(0, 0, 0);
    }

    /** Whether a leader of etcd that was stuck can't revoke leases any more that were renewed at its successor. */
    boolean keepsLeases() {
        if (major != 3) {
            return major > 3;
        }
        return switch (minor) {
            case 4 -> patch >= 31;
            case 5 -> patch >= 13;
            default -> minor > 5;
        };
    }

    @Override
    public String toString() {
        return major + "." + minor + "." + patch;
    }
}
