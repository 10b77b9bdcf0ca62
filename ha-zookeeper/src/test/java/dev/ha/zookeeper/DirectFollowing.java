package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Remembers what a driver reports. */
final class DirectFollowing implements Following {
    private final String election;
    final List<ElectionState> states = new CopyOnWriteArrayList<>();
    final List<Reason> troubles = new CopyOnWriteArrayList<>();

    DirectFollowing(String election) {
        this.election = election;
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
