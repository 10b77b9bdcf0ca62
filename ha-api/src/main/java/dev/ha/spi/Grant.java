package dev.ha.spi;

import java.util.UUID;

/**
 * One win of the lock.
 *
 * @param sessionId unique per win; all zeros only where there is no election
 * @param fencingToken strictly greater than that of every earlier win within {@code historyId}; at least 1, as 0 means
 *     "not held"
 * @param historyId random text created with the election in the backend; another one means wiped or restored data (rule
 *     1.2)
 * @param lease how long it holds unheard; from {@link BackendContext}
 */
public record Grant(UUID sessionId, long fencingToken, String historyId, Lease lease) {
    /** The usual one, with a new random session id. */
    public static Grant of(long fencingToken, String historyId, Lease lease) {
        return new Grant(UUID.randomUUID(), fencingToken, historyId, lease);
    }
}
