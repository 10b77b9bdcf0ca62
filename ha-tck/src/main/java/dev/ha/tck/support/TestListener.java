package dev.ha.tck.support;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** Remembers what it is told. */
public final class TestListener implements LeaderRetrievalListener {
    private final List<LeaderInformation> seen = new CopyOnWriteArrayList<>();
    private final List<HighAvailabilityException> errors = new CopyOnWriteArrayList<>();

    /** It has heard nothing yet. */
    public TestListener() {}

    @Override
    public void notifyLeader(LeaderInformation information) {
        seen.add(information);
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        errors.add(error);
    }

    /** All that was heard so far, in order. */
    public List<LeaderInformation> seen() {
        return seen;
    }

    /** All errors so far, in order. */
    public List<HighAvailabilityException> errors() {
        return errors;
    }

    /** Waits until the last thing heard is the leader at {@code address}. */
    public void await(String address) throws InterruptedException {
        awaitLast(
                last -> last.leader()
                        .map(LeaderInformation.Leader::address)
                        .orElse("")
                        .equals(address),
                address);
    }

    /** Waits until the last thing heard is of {@code kind}. */
    public void await(Class<? extends LeaderInformation> kind) throws InterruptedException {
        awaitLast(kind::isInstance, kind.getSimpleName());
    }

    private void awaitLast(Predicate<LeaderInformation> wanted, String what) throws InterruptedException {
        Waiting.until(() -> !seen.isEmpty() && wanted.test(seen.get(seen.size() - 1)), () -> what + ", heard " + seen);
    }
}
