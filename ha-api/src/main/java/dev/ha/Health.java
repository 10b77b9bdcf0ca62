package dev.ha;

/**
 * State of the services at one instant.
 *
 * @param status how bad it is
 * @param detail one line for a person; never a secret
 */
public record Health(Status status, String detail) {
    /** How bad it is. */
    public enum Status {
        /** No trouble is known; also before the first connection. */
        UP,
        /**
         * This process leads and renewals are late: less than a third of the time for which a renewal makes a lease
         * good is left, so several must have gone unanswered. Or: the backend can't be reached, and leases are still
         * good. Or, from then on until close: a contender overran its time to stop, or a history was reset.
         */
        DEGRADED,
        /**
         * Backend unreachable and no lease left, access refused, or closed. Also when a leadership ended because its
         * lease was not renewed in time, until the backend is heard again, for one lease at most.
         */
        DOWN
    }
}
