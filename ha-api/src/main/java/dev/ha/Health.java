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
         * Backend unreachable while leases are still good; or, from then on until close, a contender that overran its
         * time to stop, or a history that was reset.
         */
        DEGRADED,
        /** Backend unreachable and no lease left, access refused, or closed. */
        DOWN
    }
}
