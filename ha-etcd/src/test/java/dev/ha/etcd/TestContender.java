package dev.ha.etcd;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Remembers what it is told. */
final class TestContender implements LeaderContender {
    private final BlockingQueue<Leadership> grants = new LinkedBlockingQueue<>();
    private final BlockingQueue<Leadership> revocations = new LinkedBlockingQueue<>();
    /** Every handle ever. */
    final List<Leadership> all = new CopyOnWriteArrayList<>();

    final List<HighAvailabilityException> errors = new CopyOnWriteArrayList<>();

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

    /** The next grant. */
    Leadership granted() throws InterruptedException {
        return Waiting.present(
                grants.poll(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS), "no grant, last error " + lastError());
    }

    /** The next revocation. */
    Leadership revoked() throws InterruptedException {
        return Waiting.present(
                revocations.poll(Waiting.PATIENCE.toSeconds(), TimeUnit.SECONDS),
                "no revocation, last error " + lastError());
    }

    boolean isGranted() {
        return !grants.isEmpty();
    }

    @Nullable
    HighAvailabilityException lastError() {
        return errors.isEmpty() ? null : errors.get(errors.size() - 1);
    }
}
