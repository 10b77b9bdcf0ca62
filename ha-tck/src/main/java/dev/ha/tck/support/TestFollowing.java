package dev.ha.tck.support;

import dev.ha.Reason;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRecord;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Remembers what a driver reports. */
public final class TestFollowing implements Following {
    private final String election;
    private final List<ElectionState> states = new CopyOnWriteArrayList<>();
    private final List<Reason> troubles = new CopyOnWriteArrayList<>();

    /** Of {@code election}. */
    public TestFollowing(String election) {
        this.election = election;
    }

    /** All states seen, in order. */
    public List<ElectionState> states() {
        return states;
    }

    /** All troubles told, in order. */
    public List<Reason> troubles() {
        return troubles;
    }

    /** The state of the largest revision within the newest history; what comes late and is older counts for nothing. */
    public ElectionState latest() {
        ElectionState latest = new ElectionState("", -1, 0, Map.of(), Reason.INITIAL);
        for (ElectionState state : states) {
            if (!state.historyId().equals(latest.historyId()) || state.revision() >= latest.revision()) {
                latest = state;
            }
        }
        return latest;
    }

    /** What was reported last, whatever its revision. */
    public ElectionState last() {
        return states.get(states.size() - 1);
    }

    /** Address of the component {@code leader} in the latest state; empty text for none. */
    public String address() {
        LeaderRecord leader = latest().records().get("leader");
        return leader == null ? "" : leader.address();
    }

    @Override
    public String election() {
        return election;
    }

    @Override
    public void seen(ElectionState state) {
        states.add(state);
    }

    @Override
    public void unknown(Reason reason, @Nullable Throwable cause) {
        troubles.add(reason);
    }
}
