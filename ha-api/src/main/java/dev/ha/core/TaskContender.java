package dev.ha.core;

import dev.ha.ContenderException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.LeaderTask;
import dev.ha.Leadership;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@link LeaderContender#ofTask}: work that blocks, on a thread of its own for as long as it leads. */
public final class TaskContender implements LeaderContender {
    private static final Logger LOG = LoggerFactory.getLogger(TaskContender.class);
    private final LeaderTask task;
    private final @Nullable Consumer<? super HighAvailabilityException> errors;
    private @Nullable Thread worker;

    /** As {@link LeaderContender#ofTask}; without {@code errors} they are logged. */
    public TaskContender(LeaderTask task, @Nullable Consumer<? super HighAvailabilityException> errors) {
        this.task = task;
        this.errors = errors;
    }

    @Override
    public void grantLeadership(Leadership leadership) {
        Thread thread = new Thread(() -> work(leadership), "ha-task-" + leadership.election());
        worker = thread;
        thread.start();
        // also while a callback of this contender is blocked, and before its revoke (rule 2.8)
        leadership.lost().thenRun(thread::interrupt);
    }

    private void work(Leadership leadership) {
        try {
            task.run(leadership);
        } catch (Throwable failure) {
            if (leadership.isValid() || !(failure instanceof InterruptedException)) {
                handleError(new ContenderException(
                        "the task of election " + leadership.election() + " ended with " + failure, failure));
            }
        } finally {
            leadership.resign();
        }
    }

    @Override
    public void revokeLeadership(Leadership leadership) {
        Thread thread = worker;
        worker = null;
        if (thread == null) {
            return;
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        if (errors == null) {
            LOG.warn("{}", error.getMessage(), error);
        } else {
            errors.accept(error);
        }
    }
}
