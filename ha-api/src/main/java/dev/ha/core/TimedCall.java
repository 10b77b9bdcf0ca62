package dev.ha.core;

import dev.ha.HighAvailabilityObserver.UserCall;
import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls of a user's code, which are told of while they run for long, and when they have ended. */
final class TimedCall {
    private static final Logger LOG = LoggerFactory.getLogger(TimedCall.class);
    private static final Duration SLOW = Duration.ofSeconds(5);

    private final Engine engine;
    private final String election;
    private final String who;

    /** {@code who} is called, for the log. */
    TimedCall(Engine engine, String election, String who) {
        this.engine = engine;
        this.election = election;
        this.who = who;
    }

    /** Runs {@code code}; what it throws is passed on. */
    void run(UserCall call, Runnable code) {
        long began = engine.platform().nanoTime();
        Timer slow = engine.platform().schedule(SLOW, () -> slow(call));
        try {
            code.run();
        } finally {
            slow.close();
            Duration took = Duration.ofNanos(engine.platform().nanoTime() - began);
            engine.observers().tell(observer -> observer.callbackReturned(election, call, took));
        }
    }

    private void slow(UserCall call) {
        LOG.warn(
                "{} of {} of election {} has been running for {} s; its next call waits for it. "
                        + "Work that blocks belongs on a thread of its own; LeaderContender.ofTask gives a contender one",
                method(call),
                who,
                election,
                SLOW.toSeconds());
        engine.observers().tell(observer -> observer.callbackSlow(election, call, SLOW));
    }

    private static String method(UserCall call) {
        return switch (call) {
            case GRANT -> "grantLeadership";
            case REVOKE -> "revokeLeadership";
            case NOTIFY -> "notifyLeader";
            case CONTENDER_ERROR, LISTENER_ERROR -> "handleError";
        };
    }
}
