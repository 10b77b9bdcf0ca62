package dev.ha.core.alert;

import dev.ha.alert.DeliveryPolicy;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChangeMonitor.Deliveries;
import dev.ha.alert.TryAgainException;
import dev.ha.core.Backoff;
import dev.ha.core.Platform;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way to one sink: a bounded queue, and a thread that calls the sink, again and again where that may help. */
final class Delivery {
    private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);

    private final ChangeMonitor.Target target;
    private final Set<LeaderChange.Type> types;
    private final DeliveryPolicy policy;
    private final Platform platform;
    private final Thread thread;

    // Guarded by this.
    private final Deque<Alert> queue = new ArrayDeque<>();
    private @Nullable Alert current;
    private @Nullable Long closeBy;
    private boolean abandoned;
    private long delivered;
    private long failed;
    private long dropped;

    /** An alert, and since when it waits. */
    private record Alert(LeaderChange change, long since) {}

    /** {@code threadName} is that of its thread, which begins with {@link #start}. */
    Delivery(
            String threadName,
            ChangeMonitor.Target target,
            Set<LeaderChange.Type> types,
            DeliveryPolicy policy,
            Platform platform) {
        this.target = target;
        this.types = types;
        this.policy = policy;
        this.platform = platform;
        this.thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Takes {@code change} if the sink wants it; never blocks. */
    void offer(LeaderChange change) {
        if (!types.contains(change.type())) {
            return;
        }
        Alert old = null;
        synchronized (this) {
            if (queue.size() == policy.capacity()) {
                old = queue.poll();
                dropped++;
            }
            queue.add(new Alert(change, platform.nanoTime()));
            notifyAll();
        }
        if (old != null) {
            LOG.warn(
                    "Dropped an alert, as {} wait for sink {} already: {}",
                    policy.capacity(),
                    target.name(),
                    text(old));
        }
    }

    synchronized Deliveries count() {
        return new Deliveries(target.name(), delivered, failed, dropped, queue.size() + (current == null ? 0 : 1));
    }

    // ---- the thread

    private void run() {
        for (Alert alert = next(); alert != null; alert = next()) {
            try {
                deliver(alert);
                done(true);
            } catch (Throwable refused) {
                if (done(false)) {
                    gaveUp(alert, refused);
                }
            }
        }
    }

    private synchronized @Nullable Alert next() {
        while (queue.isEmpty() && closeBy == null) {
            try {
                wait();
            } catch (InterruptedException stray) {
                LOG.debug("{} was interrupted while idle", thread.getName());
            }
        }
        ignoreInterrupts();
        current = queue.poll();
        return current;
    }

    /** False if nobody waited for it any more. */
    private synchronized boolean done(boolean success) {
        boolean counts = current != null;
        if (counts && success) {
            delivered++;
        } else if (counts) {
            failed++;
        }
        current = null;
        notifyAll();
        return counts;
    }

    /** Those that a sink has left behind; one of ours means the end. */
    private void ignoreInterrupts() {
        if (!abandoned) {
            Thread.interrupted();
        }
    }

    private void deliver(Alert alert) throws Exception {
        Backoff backoff = new Backoff(platform, policy.firstWait(), policy.longestWait());
        while (true) {
            try {
                target.sink().deliver(alert.change);
                return;
            } catch (TryAgainException later) {
                Duration asked = later.after().orElse(Duration.ZERO);
                Duration wait = backoff.next();
                await(asked.compareTo(wait) > 0 ? asked : wait, alert, later);
            }
        }
    }

    /** Waits before the next try, or refuses that when it would come too late. */
    private void await(Duration wait, Alert alert, TryAgainException later) throws Exception {
        Duration age = Duration.ofNanos(platform.nanoTime() - alert.since);
        // Not in nanoseconds yet: a sink may ask for ages.
        if (wait.compareTo(policy.giveUpAfter().minus(age)) > 0) {
            throw new Exception("not delivered within " + policy.giveUpAfter().toSeconds() + " s; " + reason(later));
        }
        long until = platform.nanoTime() + wait.toNanos();
        LOG.warn(
                "Sink {} can't take an alert: {}; tries again in {} ms", target.name(), reason(later), wait.toMillis());
        synchronized (this) {
            ignoreInterrupts();
            for (long left = wait.toNanos(); left > 0; left = until - platform.nanoTime()) {
                if (closeBy != null && until - closeBy > 0) {
                    throw new Exception("closed before the next try; " + reason(later));
                }
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        }
    }

    private void gaveUp(Alert alert, Throwable refused) {
        String message = "Gave up an alert for sink {}: {}; the alert was {}";
        if (refused instanceof RuntimeException || refused instanceof Error) {
            // A bug, which is found by its trace.
            LOG.error(message, target.name(), refused.toString(), text(alert), refused);
        } else {
            LOG.warn(message, target.name(), reason(refused), text(alert));
        }
    }

    private static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.toString() : message;
    }

    private static String text(Alert alert) {
        return alert.change.type() + ": " + alert.change.summary();
    }

    // ---- close

    /** Takes nothing more, and ends when all is delivered, or at {@code end}, by the monotonic clock. */
    synchronized void closeBy(long end) {
        if (closeBy == null) {
            closeBy = end;
        }
        notifyAll();
    }

    /** Waits for that; then interrupts the sink and counts what is left as dropped. */
    void awaitEnd() {
        boolean inside = Thread.currentThread() == thread;
        int left;
        synchronized (this) {
            if (!inside) {
                awaitDone();
            }
            left = queue.size();
            queue.clear();
            if (current != null && !inside) {
                left++;
                current = null;
                abandoned = true;
                thread.interrupt();
            }
            dropped += left;
        }
        if (left > 0) {
            LOG.warn("Closed before sink {} had taken {} more alerts, which are dropped", target.name(), left);
        }
    }

    private void awaitDone() {
        try {
            while (current != null || !queue.isEmpty()) {
                long left = closeBy == null ? 0 : closeBy - platform.nanoTime();
                if (left <= 0) {
                    return;
                }
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }
}
