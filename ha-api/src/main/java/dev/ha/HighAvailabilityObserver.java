package dev.ha;

import java.time.Duration;

/**
 * Your code, told what happens in services, for metrics and for tests; see {@link HighAvailabilityServices#observe}.
 *
 * <p>Events come from the engine, so they mean the same on every backend. Calls are serial per observer and in the order
 * of what happened, never under a lock, on threads of the library. All times are of the monotonic clock. An observer
 * that is slow delays nobody: what it can't take (more than 100,000 events wait for it) is left out, and it is told how
 * much; {@link #contending}, {@link #left}, {@link #following} and {@link #unfollowed} are never left out. What it
 * throws is logged. It may gain methods, all of them with a default that does nothing.
 */
public interface HighAvailabilityObserver {
    /** Which method of your code was called. */
    enum UserCall {
        /** {@link LeaderContender#grantLeadership}. */
        GRANT,
        /** {@link LeaderContender#revokeLeadership}. */
        REVOKE,
        /** {@link LeaderContender#handleError}. */
        CONTENDER_ERROR,
        /** {@link LeaderRetrievalListener#notifyLeader}. */
        NOTIFY,
        /** {@link LeaderRetrievalListener#handleError}. */
        LISTENER_ERROR
    }

    // ---- contending

    /**
     * This process contends for an election: its first contender has started. Told of every election that is contended
     * for when the observation begins, and of every later one, once; {@code election} can be asked from now on.
     */
    default void contending(ObservedElection election) {}

    /**
     * The last contender has left, and the {@link LeaderElectionService} is closed if somebody had asked for it; so has the
     * candidacy. Another one of that name may be contended for already.
     */
    default void left(ObservedElection election) {}

    /** The lock was won with this token; contenders are called next. */
    default void granted(String election, long fencingToken) {}

    /** The leadership is over and every handle of it is invalid; contenders are called next. */
    default void revoked(String election, Reason reason) {}

    /** A contender or action still worked without leadership when its time to stop was over (rule 3.7). */
    default void overran(String election) {}

    /**
     * A write of metadata, or a publication, was refused because its leadership was over: here, or by the backend's
     * fence (rule 1.5).
     */
    default void writeRefused(String election) {}

    /**
     * A renewal of a lease was acknowledged in time.
     *
     * @param latency from sending to the answer. A lease is shared by all elections of a session, hence no election
     */
    default void renewed(Duration latency) {}

    // ---- following

    /** This process follows an election: its first follower has started. Told as {@link #contending} is. */
    default void following(String election) {}

    /** The last follower has left. */
    default void unfollowed(String election) {}

    /**
     * Followers of this process see a leader with another session than the last one.
     *
     * @param gap how long there was none, as far as this process can tell. From the end of the former leadership if that
     *     was one of this process and is not closed, else from the first state without that leader; to the first state
     *     with the next one, which has confirmed then. Zero when the next one was seen at once
     */
    default void handedOver(String election, Duration gap) {}

    /**
     * Followers of this process see a leader again, or the first one.
     *
     * @param time from the first state in which certainly nobody led, to the first one with a leader; what was Unknown
     *     in between counts
     */
    default void leaderless(String election, Duration time) {}

    /** The followers' watch reports again after it could not be told what the state is ({@code Unknown}). */
    default void watchRestarted(String election) {}

    // ---- both

    /** The backend is well again after it was in trouble. */
    default void reconnected() {}

    /** A call of your code has returned, or thrown. */
    default void callbackReturned(String election, UserCall call, Duration took) {}

    /** A call of your code is still running after that time; told once per call. */
    default void callbackSlow(String election, UserCall call, Duration running) {}

    /** So many events were left out since the former call. */
    default void missed(long events) {}
}
