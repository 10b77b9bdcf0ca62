package dev.ha.tck;

import dev.ha.spi.LeaderRecord;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a store holds for one election, read past the backend.
 *
 * @param historyId as {@link dev.ha.spi.Grant#historyId}; empty when nothing is stored
 * @param holderToken the token of the lock's holder; 0 when nobody holds it
 * @param records the published records, by component
 * @param entries the metadata entries, by name, their values as UTF-8 text
 * @param publications changes with every write of the records, also of the same ones, and with nothing else; empty where the store can't tell
 */
public record RawElection(
        String historyId,
        long holderToken,
        Map<String, LeaderRecord> records,
        Map<String, String> entries,
        OptionalLong publications) {
    /** An election of which nothing is stored. */
    public static final RawElection NOTHING = new RawElection("", 0, Map.of(), Map.of(), OptionalLong.empty());

    /** Copies the maps. */
    public RawElection {
        records = Map.copyOf(records);
        entries = Map.copyOf(entries);
    }
}
