/**
 * Alerts when the leader of an election really changed, and not when only a link was broken: a monitor on a follower, and
 * sinks for what it finds.
 *
 * <p>Start at {@link dev.ha.alert.LeaderChangeMonitor}. {@link dev.ha.alert.AlertSink} is implemented by users and gains
 * no abstract method within a major version; all else is implemented by the library only.
 */
@NullMarked
package dev.ha.alert;

import org.jspecify.annotations.NullMarked;
