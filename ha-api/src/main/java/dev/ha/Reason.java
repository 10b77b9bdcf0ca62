package dev.ha;

/** Why something began or ended, as far as the backend can tell. More may be added, so always have a default branch. */
public enum Reason {
    /** First state heard, or nothing heard yet. */
    INITIAL,
    /** A leader published itself. */
    CONFIRMED,
    /** The same leader is seen again. */
    RESTORED,
    /** Given up on purpose. */
    RESIGNED,
    /** Lease or session ran out. */
    EXPIRED,
    /** Gone; the backend does not say why. */
    VANISHED,
    /** Lock or record removed by somebody else. */
    REMOVED,
    /** Another one holds the lock. */
    SUPERSEDED,
    /** Connection silent; the lease still runs. */
    CONNECTION_SUSPENDED,
    /** Connection gone. */
    CONNECTION_LOST,
    /** The backend refuses us: credentials or rights. */
    ACCESS_DENIED,
    /** The contender failed: it threw from {@code grantLeadership}. */
    CONTENDER_FAILED,
    /** The backend's data was wiped or restored: tokens start anew. */
    HISTORY_RESET,
    /** Closed here. */
    CLOSED
}
