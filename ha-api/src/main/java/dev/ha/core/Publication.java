package dev.ha.core;

import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.LeaderRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one term wants published: a state, not a list of commands. One call is in flight at a time, later wishes merge, an unknown outcome is settled by
 * asking for the same state again. Guarded by the lock of its election.
 */
final class Publication {
    private static final Duration FIRST_WAIT = Duration.ofMillis(100);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);
    private static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Engine engine;
    private final Attempt attempt;
    private final Term term;
    private final Map<String, LeaderRecord> wanted = new LinkedHashMap<>();
    private final Map<String, CompletableFuture<Void>> confirms = new HashMap<>();
    private final Backoff failures;
    private final Backoff restorations;
    private Map<String, LeaderRecord> published = Map.of();
    private long lastRestored = Long.MIN_VALUE / 2;
    private boolean dirty;
    private boolean inFlight;
    private boolean stopped;
    private @Nullable Timer retry;

    Publication(Engine engine, Attempt attempt, Term term) {
        this.engine = engine;
        this.attempt = attempt;
        this.term = term;
        this.failures = new Backoff(engine.platform(), FIRST_WAIT, LONGEST_WAIT);
        this.restorations = new Backoff(engine.platform(), FIRST_WAIT, LONGEST_WAIT);
    }

    /** Wants {@code address} under {@code component}; {@code confirmed} completes when followers can see it. */
    void want(String component, String address, CompletableFuture<Void> confirmed) {
        wanted.put(component, new LeaderRecord(term.sessionId(), term.token(), address));
        confirms.put(component, confirmed);
        changed();
    }

    /** Wants nothing under {@code component} any more. */
    void unwant(String component) {
        CompletableFuture<Void> confirm = confirms.remove(component);
        if (confirm != null) {
            engine.completeLost(confirm, attempt.election(), term);
        }
        if (wanted.remove(component) != null) {
            changed();
        }
    }

    /**
     * Somebody saw these records: if they are not ours they are restored, at once the first time, then at a falling rate, so that two who overwrite each
     * other don't keep the backend busy (rule 4.4).
     */
    void seen(Map<String, LeaderRecord> records) {
        if (stopped || inFlight || dirty || retry != null || records.equals(published)) {
            return;
        }
        long now = engine.platform().nanoTime();
        if (now - lastRestored > CALM_NANOS) {
            restorations.reset();
        }
        lastRestored = now;
        if (restorations.isFresh()) {
            restorations.count();
            changed();
        } else {
            later(restorations.next());
        }
    }

    /** The term is over: nothing is published any more, what was not yet confirmed fails. */
    void stop() {
        stopped = true;
        if (retry != null) {
            retry.close();
        }
        confirms.values().forEach(confirm -> engine.completeLost(confirm, attempt.election(), term));
        confirms.clear();
    }

    private void changed() {
        dirty = true;
        if (!inFlight && !stopped) {
            publish();
        }
    }

    private void publish() {
        dirty = false;
        inFlight = true;
        Map<String, LeaderRecord> snapshot = Map.copyOf(wanted);
        Stages.whenDone(
                attempt.publish(snapshot),
                (done, failure) -> attempt.locked(() -> {
                    inFlight = false;
                    if (failure == null) {
                        done(snapshot);
                    } else {
                        failed(Stages.classify(failure, "publish"));
                    }
                }));
    }

    private void done(Map<String, LeaderRecord> snapshot) {
        published = snapshot;
        failures.reset();
        snapshot.keySet().forEach(component -> {
            CompletableFuture<Void> confirm = confirms.remove(component);
            if (confirm != null) {
                engine.complete(() -> confirm.complete(null));
            }
        });
        if (dirty && !stopped) {
            publish();
        }
    }

    private void failed(HighAvailabilityException failure) {
        if (stopped) {
            return;
        }
        if (failure instanceof LeadershipLostException) {
            attempt.end(Reason.SUPERSEDED, failure);
            return;
        }
        if (failures.isFresh()) {
            attempt.tell(failure);
        }
        later(failures.next());
    }

    private void later(Duration wait) {
        if (retry != null) {
            retry.close();
        }
        retry = engine.platform()
                .schedule(
                        wait,
                        () -> attempt.locked(() -> {
                            retry = null;
                            changed();
                        }));
    }
}
