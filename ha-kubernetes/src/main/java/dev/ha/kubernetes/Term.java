package dev.ha.kubernetes;

import dev.ha.CorruptDataException;

/**
 * What a candidacy says of its leadership in the Lease, whatever others make of that meanwhile.
 *
 * @param store whether the election has a root of entries
 */
record Term(String history, long token, boolean store) {
    static Term of(Lock lock) {
        return new Term(lock.history(), lock.record().token(), lock.store().orElse(false));
    }

    Term withToken(long larger) {
        return new Term(history, larger, store);
    }

    Term withStore() {
        return new Term(history, token, true);
    }

    /** A token larger than {@code former}, which only other hands can have made the largest of all. */
    static long after(long former) {
        if (former == Long.MAX_VALUE) {
            throw new CorruptDataException("no token is larger than " + former + ", which somebody has written", null);
        }
        return former + 1;
    }
}
