package dev.ha.core;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds what somebody probably meant to write. */
final class Spelling {
    private Spelling() {}

    /** The most similar of {@code known}, unless even that one takes more than a third of the letters to get to. */
    static Optional<String> nearest(String written, Collection<String> known) {
        int limit = Math.max(1, written.length() / 3);
        return known.stream()
                .filter(candidate -> distance(written, candidate) <= limit)
                .min(Comparator.<String>comparingInt(candidate -> distance(written, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Damerau-Levenshtein, case ignored: how many letters to insert, delete, replace or swap with their neighbour. */
    static int distance(String one, String other) {
        String a = one.toLowerCase(Locale.ROOT);
        String b = other.toLowerCase(Locale.ROOT);
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int replaced = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(d[i - 1][j - 1] + replaced, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
