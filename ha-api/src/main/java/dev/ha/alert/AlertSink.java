package dev.ha.alert;

/**
 * Where alerts go. Implemented by users, and by the library: {@link #slf4j()}, {@link Webhook}.
 *
 * <p>Each sink of a monitor has a queue and a thread of its own, so that a slow or dead one delays nothing else. An alert
 * is delivered at least once: one whose delivery failed half way may arrive twice, with the same
 * {@link LeaderChange#key()}.
 */
@FunctionalInterface
public interface AlertSink {
    /**
     * Delivers one alert; returning is success. Calls are serial per monitor, in the order of the changes. May block; an
     * interrupt means that the monitor is closed and nobody waits any more.
     *
     * @throws TryAgainException if the same alert should be tried again, as {@link DeliveryPolicy} says
     * @throws Exception anything else: this alert is given up, logged and counted
     */
    void deliver(LeaderChange change) throws Exception;

    /**
     * To the log {@code dev.ha.alert}, a line each: what is wrong as a warning, {@link LeaderChange.Type#ELECTED} and
     * {@link LeaderChange.Type#RESTORED} as information.
     */
    static AlertSink slf4j() {
        return new LogSink();
    }
}
