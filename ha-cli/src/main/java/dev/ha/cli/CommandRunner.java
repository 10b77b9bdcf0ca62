package dev.ha.cli;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
import dev.ha.cli.WatchdogProcess.End;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The contender of {@code ha run}: one {@link CommandTerm} for each grant, until one of them was the last. */
final class CommandRunner implements LeaderContender, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CommandRunner.class);

    /** Makes the watchdog of one term. */
    @FunctionalInterface
    interface Watchdogs {
        WatchdogProcess start() throws Failure;
    }

    private final Watchdogs watchdogs;
    private final String address;
    private final boolean restart;
    private final Duration patience;
    private final CompletableFuture<Integer> code = new CompletableFuture<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "command-term");
        thread.setDaemon(true);
        return thread;
    });

    // Guarded by this.
    private @Nullable WatchdogProcess prepared;
    private @Nullable CommandTerm term;
    private boolean ending;

    /**
     * Nothing runs before {@link #prepare} and a grant.
     *
     * @param patience how long a command may take to end after a signal
     */
    CommandRunner(Watchdogs watchdogs, String address, boolean restart, Duration patience) {
        this.watchdogs = watchdogs;
        this.address = address;
        this.restart = restart;
        this.patience = patience;
    }

    /** Starts the next watchdog now, so that a grant needn't wait for it. */
    synchronized void prepare() throws Failure {
        WatchdogProcess next = prepared;
        prepared = next != null && next.isAlive() ? next : watchdogs.start();
    }

    /** The one that was prepared, or another if that was killed while it waited. */
    private WatchdogProcess take() throws Failure {
        WatchdogProcess next = prepared;
        prepared = null;
        return next != null && next.isAlive() ? next : watchdogs.start();
    }

    /** Waits for the end; the exit code of the command. */
    int await() throws Failure, InterruptedException {
        try {
            return code.get();
        } catch (ExecutionException failed) {
            throw new Failure(Failure.reason(failed.getCause()));
        }
    }

    // ---- the election ----

    @Override
    public synchronized void grantLeadership(Leadership leadership) {
        if (ending || code.isDone()) {
            return;
        }
        WatchdogProcess watchdog;
        try {
            watchdog = take();
        } catch (Failure failure) {
            code.completeExceptionally(failure);
            return;
        }
        LOG.info("Leads with token {}", leadership.fencingToken());
        CommandTerm begun = new CommandTerm(leadership, watchdog);
        term = begun;
        watchdog.whenStarted(pid -> {
            LOG.info("The command runs as process {}", pid);
            var unused = leadership.confirm(address);
        });
        begun.whenEnded(how -> ended(begun, how));
        begun.begin(timer);
    }

    @Override
    public void revokeLeadership(Leadership leadership) {
        CommandTerm over;
        synchronized (this) {
            over = term;
        }
        if (over == null || over.leadership() != leadership) {
            return;
        }
        LOG.info("Lost the leadership with token {}", leadership.fencingToken());
        over.stop(grace());
        over.awaitEnd();
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        LOG.warn("{}", error.getMessage());
        LOG.debug("The reason", error);
    }

    /** Time for the command to end that leaves the library some to release the lock afterwards. */
    private Duration grace() {
        Duration half = patience.dividedBy(2);
        Duration grace = Duration.ofNanos(StopPlan.GRACE);
        return half.compareTo(grace) < 0 ? half : grace;
    }

    private void ended(CommandTerm which, End how) {
        synchronized (this) {
            term = null;
        }
        if (how instanceof End.Exited exited) {
            LOG.info("The command has ended with {}", exited.code());
            next(which, exited.code());
        } else if (how instanceof End.Unstarted) {
            again(which, 0);
        } else if (how instanceof End.Failed failed) {
            code.completeExceptionally(new Failure(failed.why()));
        } else {
            LOG.error("The watchdog of the command was killed, so the command was killed, too");
            next(which, Main.FAILED);
        }
    }

    private void next(CommandTerm which, int exitCode) {
        if (restart) {
            again(which, exitCode);
        } else {
            code.complete(exitCode);
        }
    }

    private void again(CommandTerm which, int exitCode) {
        synchronized (this) {
            if (ending) {
                code.complete(exitCode);
                return;
            }
        }
        var unused = which.leadership().resign();
        try {
            prepare();
        } catch (Failure failure) {
            code.completeExceptionally(failure);
        }
    }

    // ---- signals ----

    /** Passes on {@code signal} and ends with the command, now if there is none. */
    void end(String signal) {
        CommandTerm running;
        synchronized (this) {
            ending = true;
            running = term;
        }
        if (running == null) {
            code.complete(0);
            return;
        }
        running.signal(signal);
        var unused = timer.schedule(() -> running.stop(Duration.ZERO), patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Passes on {@code signal}. */
    synchronized void pass(String signal) {
        if (term != null) {
            term.signal(signal);
        }
    }

    /** What was prepared ends by itself when this process does. */
    @Override
    public void close() {
        timer.shutdownNow();
    }
}
