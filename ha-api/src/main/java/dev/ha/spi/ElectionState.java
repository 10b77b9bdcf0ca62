package dev.ha.spi;

import dev.ha.Reason;
import java.util.Map;

/**
 * One look at an election.
 *
 * @param historyId as {@link Grant#historyId}; empty when nothing is stored yet
 * @param revision grows with every change of the election within one history; of two looks the larger one is the later
 * @param holderToken the token of the lock's holder; 0 when it is not held
 * @param records all its records, by component
 * @param reason why it changed, where the backend can tell
 */
public record ElectionState(
        String historyId, long revision, long holderToken, Map<String, LeaderRecord> records, Reason reason) {
    /** Copies the records. */
    public ElectionState {
        records = Map.copyOf(records);
    }
}
