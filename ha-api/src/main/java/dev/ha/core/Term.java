package dev.ha.core;

import dev.ha.spi.Grant;
import java.util.UUID;

/**
 * One win of the lock by this process, shared by the handles of all its seats.
 *
 * @param sessionId as in the grant
 * @param token as in the grant
 * @param historyId as in the grant
 * @param lease how long it holds
 * @param attempt the candidacy that won
 */
record Term(UUID sessionId, long token, String historyId, LeaseDeadline lease, Attempt attempt) {
    static Term of(Grant grant, Attempt attempt) {
        return new Term(
                grant.sessionId(), grant.fencingToken(), grant.historyId(), (LeaseDeadline) grant.lease(), attempt);
    }

    @Override
    public String toString() {
        return "token " + token + ", session " + sessionId;
    }
}
