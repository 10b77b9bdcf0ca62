package dev.ha.core;

import dev.ha.HighAvailabilityObserver;
import dev.ha.Observation;
import dev.ha.ObservedElection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who wants to know what happens. Telling is legal under any lock and never blocks: each observer has a queue of its own, from which a {@link Pump} calls it.
 * Without observers, telling is a look at an empty array.
 */
final class Observers {
    private static final Logger LOG = LoggerFactory.getLogger(Observers.class);

    /** How many events wait for an observer at most: so many that ten thousand elections that are won at once don't count as slowness. */
    static final int MOST = 100_000;

    private final Engine engine;
    private final List<Place> places = new CopyOnWriteArrayList<>();

    Observers(Engine engine) {
        this.engine = engine;
    }

    /** {@code announce} tells it what there is already; what begins meanwhile is told once all the same. */
    Observation add(HighAvailabilityObserver observer, Consumer<Place> announce) {
        Place place = new Place(observer);
        places.add(place);
        announce.accept(place);
        return place;
    }

    void tell(Consumer<HighAvailabilityObserver> event) {
        for (Place place : places) {
            place.add(event, false);
        }
    }

    void renewed(long latencyNanos) {
        if (!places.isEmpty()) {
            tell(observer -> observer.renewed(Duration.ofNanos(latencyNanos)));
        }
    }

    void contending(ObservedElection election) {
        places.forEach(place -> place.contending(election));
    }

    void left(ObservedElection election) {
        places.forEach(place -> place.over(election, observer -> observer.left(election)));
    }

    void following(Watch watch) {
        places.forEach(place -> place.following(watch));
    }

    void unfollowed(Watch watch) {
        places.forEach(place -> place.over(watch, observer -> observer.unfollowed(watch.election())));
    }

    /** One observer. Guarded by its monitor, under which nothing is called. */
    final class Place implements Observation {
        private final HighAvailabilityObserver observer;
        private final Pump pump;
        private final Deque<Consumer<HighAvailabilityObserver>> events = new ArrayDeque<>();
        private final Set<Object> present = new HashSet<>();
        private long missed;
        private boolean closed;
        private boolean calling;
        private @Nullable CompletableFuture<Void> idle;

        private Place(HighAvailabilityObserver observer) {
            this.observer = observer;
            this.pump = new Pump(engine.platform().completions(), engine, this::next);
        }

        void contending(ObservedElection election) {
            begun(election, told -> told.contending(election));
        }

        void following(Watch watch) {
            begun(watch, told -> told.following(watch.election()));
        }

        private synchronized void begun(Object what, Consumer<HighAvailabilityObserver> event) {
            if (present.add(what)) {
                add(event, true);
            }
        }

        private synchronized void over(Object what, Consumer<HighAvailabilityObserver> event) {
            if (present.remove(what)) {
                add(event, true);
            }
        }

        private synchronized void add(Consumer<HighAvailabilityObserver> event, boolean always) {
            if (closed) {
                return;
            }
            if (!always && events.size() >= MOST) {
                if (missed++ == 0) {
                    LOG.warn("The observer {} is slow: events are left out", observer);
                }
                return;
            }
            events.add(event);
            pump.signal();
        }

        private synchronized @Nullable Runnable next() {
            if (closed) {
                return null;
            }
            Consumer<HighAvailabilityObserver> event;
            if (missed > 0 && events.size() < MOST) {
                long count = missed;
                missed = 0;
                event = told -> told.missed(count);
            } else {
                event = events.poll();
            }
            if (event == null) {
                return null;
            }
            calling = true;
            return () -> call(event);
        }

        private void call(Consumer<HighAvailabilityObserver> event) {
            try {
                event.accept(observer);
            } catch (Throwable failure) {
                LOG.error("The observer {} threw", observer, failure);
            } finally {
                ended();
            }
        }

        private synchronized void ended() {
            calling = false;
            if (idle != null) {
                idle.complete(null);
            }
        }

        @Override
        public void close() {
            places.remove(this);
            CompletableFuture<Void> last;
            synchronized (this) {
                closed = true;
                events.clear();
                if (!calling) {
                    return;
                }
                last = idle == null ? new CompletableFuture<>() : idle;
                idle = last;
            }
            engine.await(last);
        }
    }
}
