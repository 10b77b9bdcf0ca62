package dev.ha.zookeeper;

import dev.ha.spi.Moment;
import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Since when the servers may count a session's timeout, at the earliest: all that may be believed of its life (SAFETY Z1). A write is proof only when another
 * one, sent a quarter of the timeout later, is acknowledged too: the leader hears of a session's requests through a follower's answers to its pings, which come every half
 * tick, and a tick is at most half of the timeout. Not thread-safe.
 */
final class Evidence {
    private static final int GRAIN = 16;

    private final long quarter;
    private final ArrayDeque<Moment> recent = new ArrayDeque<>();
    private Moment proven;

    /** {@code created} is when the attempt to create the session began: its creation is a commit that the leader itself counts from. */
    Evidence(Duration timeout, Moment created) {
        this.quarter = timeout.toNanos() / 4;
        this.proven = created;
    }

    /** A write sent at {@code sent} was committed; true if more is proven by it. */
    boolean acknowledged(Moment sent) {
        boolean more = false;
        while (!recent.isEmpty() && sent.nanoTime() - recent.peekFirst().nanoTime() >= quarter) {
            Moment older = recent.removeFirst();
            if (older.nanoTime() > proven.nanoTime()) {
                proven = older;
                more = true;
            }
        }
        if (recent.isEmpty() || sent.nanoTime() - recent.peekLast().nanoTime() > quarter / GRAIN) {
            recent.addLast(sent);
        }
        return more;
    }

    /** When the newest write that is proof was sent. */
    Moment proven() {
        return proven;
    }
}
