package dev.ha.tck.support;

import dev.ha.Reason;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import java.util.List;
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
