package dev.ha.tck.support;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Remembers what it is told. */
public final class TestContender implements LeaderContender {
    private final BlockingQueue<Leadership> grants = new LinkedBlockingQueue<>();
    private final BlockingQueue<Leadership> revocations = new LinkedBlockingQueue<>();
    private final List<Leadership> all = new CopyOnWriteArrayList<>();

    private final List<HighAvailabilityException> errors = new CopyOnWriteArrayList<>();

    /** It has heard nothing yet. */
    public TestContender() {}

    @Override
    public void grantLeadership(Leadership leadership) {
        all.add(leadership);
        grants.add(leadership);
    }

    @Override
    public void revokeLeadership(Leadership leadership) {
        revocations.add(leadership);
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        errors.add(error);
    }

    /** Every handle ever granted, in order. */
    public List<Leadership> all() {
        return all;
    }

    /** All errors so far, in order. */
    public List<HighAvailabilityException> errors() {
        return errors;
    }

    /** The next grant, when it is there. */
    public Leadership granted() throws InterruptedException {
        return Waiting.present(
                grants.poll(Waiting.patience().toSeconds(), TimeUnit.SECONDS), "no grant, last error " + lastError());
    }

    /**
     * The next leadership that lasts until {@code address} is published under it: what happens to the servers may go on for a while, and end one or another grant
     * before.
     */
    public Leadership confirmed(String address) throws Exception {
        while (true) {
            Leadership leadership = granted();
            try {
                leadership
                        .confirm(address)
                        .toCompletableFuture()
                        .get(Waiting.patience().toSeconds(), TimeUnit.SECONDS);
                return leadership;
            } catch (ExecutionException failure) {
                if (!(failure.getCause() instanceof LeadershipLostException)) {
                    throw failure;
                }
                revoked();
            }
        }
    }

    /** The next revocation, when it is there. */
    public Leadership revoked() throws InterruptedException {
        return Waiting.present(
                revocations.poll(Waiting.patience().toSeconds(), TimeUnit.SECONDS),
                "no revocation, last error " + lastError());
    }

    /** Whether there is a grant that nobody has asked for yet. */
    public boolean isGranted() {
        return !grants.isEmpty();
    }

    /** The error told last, if any. */
    public @Nullable HighAvailabilityException lastError() {
        return errors.isEmpty() ? null : errors.get(errors.size() - 1);
    }
}
