package dev.ha.core.store;

import dev.ha.HighAvailabilityException;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.store.JobGraphListener;
import dev.ha.store.JobGraphStore.Watching;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Asks for the ids of job graphs again and again, and tells one listener what is new. */
final class JobGraphWatch implements Watching {
    private final StoreEnvironment environment;
    private final Supplier<CompletionStage<Set<String>>> ids;
    private final Duration interval;
    private final JobGraphListener listener;
    private final StoreEnvironment.ListenerCalls calls;
    private final Consumer<JobGraphWatch> onClose;

    // All guarded by this.
    private final Set<String> known = new HashSet<>();
    private final Set<String> changedHere =
            new HashSet<>(); // while a question is on its way, whose answer may be older
    private boolean closed;
    private boolean failing;
    private @Nullable Timer timer;

    JobGraphWatch(
            StoreEnvironment environment,
            Supplier<CompletionStage<Set<String>>> ids,
            Duration interval,
            JobGraphListener listener,
            Consumer<JobGraphWatch> onClose) {
        this.environment = environment;
        this.ids = ids;
        this.interval = interval;
        this.listener = listener;
        this.calls = environment.listener();
        this.onClose = onClose;
    }

    void start() {
        ask();
    }

    /** This process has put a graph. */
    synchronized void ownAddition(String jobId) {
        known.add(jobId);
        changedHere.add(jobId);
    }

    /** This process has removed one. */
    synchronized void ownRemoval(String jobId) {
        known.remove(jobId);
        changedHere.add(jobId);
    }

    private void ask() {
        synchronized (this) {
            if (closed) {
                return;
            }
            changedHere.clear();
        }
        CompletionStage<Void> unused = Futures.of(ids).handle((found, failure) -> {
            answered(found, failure);
            return null;
        });
    }

    private void answered(@Nullable Set<String> found, @Nullable Throwable failure) {
        List<Runnable> news;
        if (found != null) {
            news = difference(found);
        } else if (failure != null && Futures.unwrap(failure) instanceof HighAvailabilityException trouble) {
            news = trouble(trouble);
        } else {
            return; // the services are closed
        }
        news.forEach(calls::add); // under no lock: an executor of the user may run it at once
        synchronized (this) {
            if (!closed) {
                timer = environment.schedule(interval, this::ask);
            }
        }
    }

    private synchronized List<Runnable> trouble(HighAvailabilityException trouble) {
        boolean first = !failing;
        failing = true;
        return first ? List.of(() -> listener.handleError(trouble)) : List.of();
    }

    private synchronized List<Runnable> difference(Set<String> found) {
        failing = false;
        List<Runnable> news = new ArrayList<>();
        for (String jobId : found) {
            if (!changedHere.contains(jobId) && known.add(jobId)) {
                news.add(() -> listener.onAdded(jobId));
            }
        }
        for (String jobId : Set.copyOf(known)) {
            if (!changedHere.contains(jobId) && !found.contains(jobId)) {
                known.remove(jobId);
                news.add(() -> listener.onRemoved(jobId));
            }
        }
        return news;
    }

    @Override
    public void close() {
        Timer pending;
        synchronized (this) {
            closed = true;
            pending = timer;
        }
        if (pending != null) {
            pending.close();
        }
        onClose.accept(this);
        calls.close();
    }
}
