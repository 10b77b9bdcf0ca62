package dev.ha.spi;

import dev.ha.Reason;
import org.jspecify.annotations.Nullable;

/**
 * How long this process may lead unheard. Handed out by the context; one per session (ZooKeeper, etcd) or per lock
 * (Kubernetes), shared by all grants on it: one deadline, one timer. Thread-safe; no method blocks or runs anybody's
 * code.
 */
public interface Lease {
    /**
     * The authority that decides expiry acknowledged a renewal sent at {@code sentAt} (rule 1.8). Never moves the
     * deadline back. Acknowledged at or after the old deadline it ends the lease instead of reviving it (rule 1.6);
     * after the end, and without deadline, it changes nothing. One call serves all elections of the session.
     *
     * @param sentAt {@link BackendContext#nanoTime()} before the request left
     * @throws IllegalArgumentException if {@code sentAt} is yet to come
     */
    void renewed(long sentAt);

    /**
     * Over for good: every grant on it is invalid when this returns, every candidacy joined to it has ended.
     * Idempotent; the first reason counts.
     */
    void end(Reason reason, @Nullable Throwable cause);

    /** Still good, margin applied. */
    boolean isValid();
}
