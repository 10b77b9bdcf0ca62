package dev.ha.alert;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** See {@link AlertSink#slf4j()}. */
final class LogSink implements AlertSink {
    private static final Logger LOG = LoggerFactory.getLogger("dev.ha.alert");

    @Override
    public void deliver(LeaderChange change) {
        if (change.type() == LeaderChange.Type.ELECTED || change.type() == LeaderChange.Type.RESTORED) {
            LOG.info("{}: {}", change.type(), change.summary());
        } else {
            LOG.warn("{}: {}", change.type(), change.summary());
        }
    }
}
