package dev.ha.zookeeper;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.OptionalLong;

/**
 * Since when the servers may count a session's timeout, at the earliest: all that may be believed of its life (SAFETY Z1). A write is proof only when another
 * one, sent a quarter of the timeout later, is acknowledged too: the leader hears of a session's requests through a follower's answers to its pings, which come every half
 * tick, and a tick is at most half of the timeout. Not thread-safe.
 */
final class Evidence {
    private static final int GRAIN = 16;

    private final long quarter;
    private final ArrayDeque<Long> recent = new ArrayDeque<>();
    private long proven;
    private boolean known;

    /** {@code createdAt} is when the attempt to create the session began: its creation is a commit that the leader itself counts from. */
    Evidence(Duration timeout, long createdAt) {
        this.quarter = timeout.toNanos() / 4;
        this.proven = createdAt;
        this.known = true;
    }

    /** A write sent at {@code sentAt} was committed; true if more is proven by it. */
    boolean acknowledged(long sentAt) {
        boolean more = false;
        while (!recent.isEmpty() && sentAt - recent.peekFirst() >= quarter) {
            long older = recent.removeFirst();
            if (!known || older > proven) {
                proven = older;
                known = true;
                more = true;
            }
        }
        if (recent.isEmpty() || sentAt - recent.peekLast() > quarter / GRAIN) {
            recent.addLast(sentAt);
        }
        return more;
    }

    /** Sending time of the newest write that is proof; empty after {@link #forget}. */
    OptionalLong proven() {
        return known ? OptionalLong.of(proven) : OptionalLong.empty();
    }

    /** The clock can't be trusted for what was: begins anew. */
    void forget() {
        recent.clear();
        known = false;
    }
}
