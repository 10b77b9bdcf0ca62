package dev.ha.standalone;

import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import java.util.Map;

/** What tells one mode in memory from another. */
interface MemoryRules {
    /** The elections of the cluster; one object for all who compete. */
    MemoryCluster cluster();

    /** The next win. Asked in the order of the wins of an election. */
    Grant nextGrant();

    /** What followers are told whatever is published; empty where what is published counts. */
    Map<String, LeaderRecord> fixedRecords(String election);
}
