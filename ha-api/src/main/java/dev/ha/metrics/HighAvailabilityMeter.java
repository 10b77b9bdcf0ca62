package dev.ha.metrics;

import io.micrometer.core.instrument.Meter;
import java.util.List;

/**
 * All meters of {@link HighAvailabilityMetrics}: names, kinds, tags and meanings; {@code docs/metrics.md} says the same,
 * and how monitoring systems spell it. Names and tags are kept within a major version; meters may be added.
 *
 * <p>Those with the tag {@code election} are there while this process contends for that election, or follows it, and
 * are removed when it has left.
 */
@SuppressWarnings("exports") // who uses it requires Micrometer too
public enum HighAvailabilityMeter {
    /** 1 while this process leads. */
    LEADER(
            "ha.leader",
            Meter.Type.GAUGE,
            "1 while this process leads: the lock is held and its lease is good when asked; else 0",
            "election"),
    /** Token of the present leadership. */
    FENCING_TOKEN(
            "ha.fencing.token",
            Meter.Type.GAUGE,
            "Fencing token of the present leadership of this process; 0 while it does not lead",
            "election"),
    /** Distance to the deadline. */
    LEASE_REMAINING(
            "ha.lease.remaining",
            Meter.Type.GAUGE,
            "Seconds until the leadership ends unless its lease is renewed; 0 while it does not lead, infinite where a lock has no lease",
            "election"),
    /** Age of the last renewal. */
    RENEWAL_AGE(
            "ha.renewal.age",
            Meter.Type.GAUGE,
            "Seconds since the last acknowledged renewal of the leader's lease was sent; not a number while it does not lead, and where a lock has no lease",
            "election"),
    /** Times that the lock was won. */
    GRANTS("ha.grants", Meter.Type.COUNTER, "Leaderships that this process has won", "election"),
    /** Times that the lock was lost or given up. */
    REVOKES(
            "ha.revokes",
            Meter.Type.COUNTER,
            "Leaderships of this process that have ended, by reason (resigned, closed, expired, ...); there from the first of a reason on",
            "election",
            "reason"),
    /** Contenders that did not stop in time. */
    OVERRUNS(
            "ha.overruns",
            Meter.Type.COUNTER,
            "Leaderships whose contender or action still worked when its time to stop was over",
            "election"),
    /** Writes that the fence has refused. */
    WRITES_REFUSED(
            "ha.writes.refused",
            Meter.Type.COUNTER,
            "Writes of metadata and publications that were refused because their leadership was over, here or by the backend",
            "election"),
    /** Latency of renewals. */
    RENEWAL(
            "ha.renewal",
            Meter.Type.TIMER,
            "Renewals of leases that were acknowledged in time, from sending to the answer; a lease may carry many elections"),
    /** Gaps between leaders. */
    HANDOVER(
            "ha.handover",
            Meter.Type.TIMER,
            "Changes from one leader to the next one, as followers of this process saw them: how long there was none; 0 if the next one was seen at once",
            "election"),
    /** Times without any leader. */
    NO_LEADER(
            "ha.no.leader",
            Meter.Type.TIMER,
            "Times in which certainly nobody led, as followers of this process saw them, from the first such state to that with a leader",
            "election"),
    /** Watches that came back. */
    WATCH_RESTARTS(
            "ha.watch.restarts",
            Meter.Type.COUNTER,
            "Times that the watch of this process' followers reported again after they knew nothing",
            "election"),
    /** Outages that are over. */
    RECONNECTS("ha.reconnects", Meter.Type.COUNTER, "Times that the backend was well again after trouble"),
    /** Calls of the user's code. */
    CALLBACK(
            "ha.callback",
            Meter.Type.TIMER,
            "Calls of contenders (grant, revoke, contender_error) and listeners (notify, listener_error) that have returned or thrown",
            "callback"),
    /** Calls that take long. */
    CALLBACK_SLOW(
            "ha.callback.slow",
            Meter.Type.COUNTER,
            "Calls of contenders and listeners that were still running after 5 s; the log says whose",
            "callback"),
    /** State of the services. */
    HEALTH(
            "ha.health",
            Meter.Type.GAUGE,
            "1 for the present health of the services (up, degraded or down), 0 for the others",
            "status"),
    /** Events that are in no other meter. */
    EVENTS_MISSED(
            "ha.events.missed",
            Meter.Type.COUNTER,
            "Events that counters and timers lack, as the registry was too slow for them");

    private final String meterName;
    private final Meter.Type type;
    private final String description;

    @SuppressWarnings("ImmutableEnumChecker") // List.of is
    private final List<String> tags;

    HighAvailabilityMeter(String meterName, Meter.Type type, String description, String... tags) {
        this.meterName = meterName;
        this.type = type;
        this.description = description;
        this.tags = List.of(tags);
    }

    /** Name, as Micrometer writes names: with dots. */
    public String meterName() {
        return meterName;
    }

    /** Gauge, counter or timer. */
    public Meter.Type type() {
        return type;
    }

    /** What it says. */
    public String description() {
        return description;
    }

    /** Keys of its tags; those that were given to {@link HighAvailabilityMetrics} come on top. */
    public List<String> tags() {
        return tags;
    }
}
