package dev.ha.core;

import dev.ha.spi.Grant;
import java.util.UUID;

/** One win of the lock by this process, shared by the handles of all its seats. Equal to nothing but itself. */
final class Term {
    private final Grant grant;
    private final LeaseDeadline lease;
    private final Attempt attempt;

    Term(Grant grant, Attempt attempt) {
        this.grant = grant;
        this.lease = (LeaseDeadline) grant.lease();
        this.attempt = attempt;
    }

    UUID sessionId() {
        return grant.sessionId();
    }

    long token() {
        return grant.fencingToken();
    }

    String historyId() {
        return grant.historyId();
    }

    LeaseDeadline lease() {
        return lease;
    }

    /** The candidacy that won. */
    Attempt attempt() {
        return attempt;
    }

    @Override
    public String toString() {
        return "token " + token() + ", session " + sessionId();
    }
}
