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
        /** All well. */
        UP,
        /** Backend unreachable while leases are still good, a contender that overran its revoke, or a history that was reset. */
        DEGRADED,
        /** Backend unreachable and no lease left, access refused, or closed. */
        DOWN
    }
}
