package dev.ha.cli;

import dev.ha.Leadership;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command during one leadership. The {@link Watchdog} ends it in time; this passes on what the watchdog must know,
 * and helps when the watchdog can't.
 */
final class CommandTerm {
    private static final Logger LOG = LoggerFactory.getLogger(CommandTerm.class);
    private static final Duration INTERVAL = Duration.ofMillis(50);
    private static final long HELP_AFTER = TimeUnit.SECONDS.toNanos(1);

    private final Leadership leadership;
    private final WatchdogProcess watchdog;
    private final CompletableFuture<WatchdogProcess.End> end = new CompletableFuture<>();

    // Guarded by this.
    private @Nullable Long until;
    private @Nullable Long killAt;
    private @Nullable Long helpAt;
    private @Nullable ScheduledFuture<?> ticks;
    private boolean helping;

    CommandTerm(Leadership leadership, WatchdogProcess watchdog) {
        this.leadership = leadership;
        this.watchdog = watchdog;
    }

    /** Lets the command start as soon as no other one runs. */
    synchronized void begin(ScheduledExecutorService timer) {
        renew();
        watchdog.say("run " + leadership.sessionId() + " " + leadership.fencingToken());
        ticks = timer.scheduleAtFixedRate(this::tick, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        watchdog.whenEnded(this::ended);
    }

    Leadership leadership() {
        return leadership;
    }

    /** Calls {@code action} when all of the command is gone, however that came about. */
    void whenEnded(Consumer<WatchdogProcess.End> action) {
        var unused = end.thenAccept(action);
    }

    /** Waits until all of the command is gone. */
    void awaitEnd() {
        var unused = end.join();
    }

    /** Passes on {@code signal}. */
    void signal(String signal) {
        watchdog.say("signal " + signal);
    }

    /** Asks the command to end; it is killed after {@code grace}, or when the lease makes it necessary. */
    synchronized void stop(Duration grace) {
        long now = System.nanoTime();
        long limit = now + grace.toNanos();
        if (until != null) {
            limit = StopPlan.earlier(limit, StopPlan.beforeEndOf(until, now).killAt());
        }
        if (killAt == null || limit - killAt < 0) {
            killAt = limit;
            helpNoLaterThan(limit + HELP_AFTER);
            watchdog.say("stop " + limit);
        }
    }

    private synchronized void tick() {
        renew();
        Long limit = helpAt;
        if (limit != null && System.nanoTime() - limit >= 0 && !helping && !end.isDone()) {
            helping = true;
            LOG.warn("The watchdog does not answer; killing the command");
            Thread helper = new Thread(watchdog::replace, "instead-of-watchdog");
            helper.setDaemon(true);
            helper.start();
        }
    }

    /**
     * Tells how long the lease is good for, if that has changed. Read before the handle is asked, so that it is never
     * too late.
     */
    private void renew() {
        long now = System.nanoTime();
        Duration remaining = leadership.remaining();
        if (remaining.isZero() || remaining.equals(ChronoUnit.FOREVER.getDuration()) || killAt != null) {
            return;
        }
        long deadline = now + remaining.toNanos();
        if (until == null || deadline - until > TimeUnit.MILLISECONDS.toNanos(1)) {
            until = deadline;
            helpAt = StopPlan.helpAt(deadline, now);
            watchdog.say("until " + deadline);
        }
    }

    private void helpNoLaterThan(long limit) {
        helpAt = helpAt == null ? limit : StopPlan.earlier(helpAt, limit);
    }

    private void ended(WatchdogProcess.End how) {
        synchronized (this) {
            if (ticks != null) {
                ticks.cancel(false);
            }
        }
        if (how instanceof WatchdogProcess.End.Abandoned) {
            watchdog.replace();
        }
        end.complete(how);
    }
}
