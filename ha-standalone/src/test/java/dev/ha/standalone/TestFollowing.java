package dev.ha.standalone;

import dev.ha.Reason;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.LeaderRecord;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Remembers what a watch reports; {@link #latest} is what the engine would make of it. */
final class TestFollowing implements Following {
    private final String election;
    final List<ElectionState> seen = new CopyOnWriteArrayList<>();
    final List<Reason> unknown = new CopyOnWriteArrayList<>();

    TestFollowing(String election) {
        this.election = election;
    }

    /** The state of the largest revision within the newest history; what comes late and is older counts for nothing. */
    ElectionState latest() {
        ElectionState latest = new ElectionState("", -1, 0, Map.of(), Reason.INITIAL);
        for (ElectionState state : seen) {
            if (!state.historyId().equals(latest.historyId()) || state.revision() >= latest.revision()) {
                latest = state;
            }
        }
        return latest;
    }

    /** What was reported last, whatever its revision. */
    ElectionState last() {
        return seen.get(seen.size() - 1);
    }

    /** Address of the component {@code leader}; empty text for none. */
    String address() {
        LeaderRecord leader = latest().records().get("leader");
        return leader == null ? "" : leader.address();
    }

    @Override
    public String election() {
        return election;
    }

    @Override
    public void seen(ElectionState state) {
        seen.add(state);
    }

    @Override
    public void unknown(Reason reason, @Nullable Throwable cause) {
        unknown.add(reason);
    }
}
