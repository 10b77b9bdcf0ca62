package dev.ha;

import java.time.Duration;
import java.util.Optional;

/**
 * A look at one election that this process contends for, as it is when asked: local, takes no lock, never blocks, works
 * for ever (nothing leads any more when the election has been left). Given to a {@link HighAvailabilityObserver}.
 * Library-implemented, thread-safe.
 */
public interface ObservedElection {
    /** Name of the election. */
    String election();

    /** This process leads: its lock is held and its lease is good, exactly as long as its handles are valid. */
    boolean isLeading();

    /** Fencing token of the present leadership; 0 when there is none. */
    long fencingToken();

    /**
     * Time to the deadline: {@link Duration#ZERO} when it does not lead, and
     * {@link java.time.temporal.ChronoUnit#FOREVER} of them where a lock has no lease.
     */
    Duration remaining();

    /**
     * Time since the last renewal that was acknowledged was sent, or since the request was sent that began the lease.
     * Empty when it does not lead, and where a lock has no lease.
     */
    Optional<Duration> sinceRenewal();
}
