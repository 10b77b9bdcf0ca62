package dev.ha.metrics;

import dev.ha.Health.Status;
import dev.ha.HighAvailabilityObserver;
import dev.ha.HighAvailabilityServices;
import dev.ha.ObservedElection;
import dev.ha.Reason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** The meters of one binding: changed by the serial calls of its observation, and removed when that has ended, so that the registry is called under no lock. */
final class Meters implements HighAvailabilityObserver {
    private final MeterRegistry registry;
    private final Tags tags;
    private final Owned common = new Owned();
    private final Map<String, Contended> contended = new ConcurrentHashMap<>();
    private final Map<String, Followed> followed = new ConcurrentHashMap<>();
    private final Map<UserCall, Timer> callbacks = new EnumMap<>(UserCall.class);
    private final Map<UserCall, Counter> slowCallbacks = new EnumMap<>(UserCall.class);
    private final Timer renewals;
    private final Counter reconnects;
    private final Counter missed;

    Meters(HighAvailabilityServices services, MeterRegistry registry, Tags tags) {
        this.registry = registry;
        this.tags = tags;
        renewals = common.timer(HighAvailabilityMeter.RENEWAL);
        reconnects = common.counter(HighAvailabilityMeter.RECONNECTS);
        missed = common.counter(HighAvailabilityMeter.EVENTS_MISSED);
        for (UserCall call : UserCall.values()) {
            callbacks.put(call, common.timer(HighAvailabilityMeter.CALLBACK, text(call)));
            slowCallbacks.put(call, common.counter(HighAvailabilityMeter.CALLBACK_SLOW, text(call)));
        }
        for (Status status : Status.values()) {
            common.gauge(
                    HighAvailabilityMeter.HEALTH,
                    services,
                    asked -> asked.health().status() == status ? 1 : 0,
                    text(status));
        }
    }

    private static String text(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    void remove() {
        contended.values().forEach(Owned::remove);
        contended.clear();
        followed.values().forEach(Owned::remove);
        followed.clear();
        common.remove();
    }

    /** Meters that come and go together. */
    private class Owned {
        private final Deque<Meter> meters = new ArrayDeque<>();

        final Counter counter(HighAvailabilityMeter meter, String... values) {
            return own(Counter.builder(meter.meterName())
                    .description(meter.description())
                    .tags(tagsOf(meter, values))
                    .register(registry));
        }

        final Timer timer(HighAvailabilityMeter meter, String... values) {
            return own(Timer.builder(meter.meterName())
                    .description(meter.description())
                    .tags(tagsOf(meter, values))
                    .register(registry));
        }

        final <T> void gauge(HighAvailabilityMeter meter, T of, ToDoubleFunction<T> value, String... values) {
            own(Gauge.builder(meter.meterName(), of, value)
                    .description(meter.description())
                    .tags(tagsOf(meter, values))
                    .strongReference(true)
                    .register(registry));
        }

        final <T> void seconds(HighAvailabilityMeter meter, T of, ToDoubleFunction<T> value, String... values) {
            own(TimeGauge.builder(meter.meterName(), of, TimeUnit.SECONDS, value)
                    .description(meter.description())
                    .tags(tagsOf(meter, values))
                    .strongReference(true)
                    .register(registry));
        }

        private <M extends Meter> M own(M meter) {
            meters.add(meter);
            return meter;
        }

        private Tags tagsOf(HighAvailabilityMeter meter, String... values) {
            Tags all = tags;
            for (int i = 0; i < values.length; i++) {
                all = all.and(meter.tags().get(i), values[i]);
            }
            return all;
        }

        final void remove() {
            meters.forEach(registry::remove);
        }
    }

    /** Those of an election that this process contends for. */
    private final class Contended extends Owned {
        private final String name;
        private final Counter grants;
        private final Counter overruns;
        private final Counter writesRefused;
        private final Map<Reason, Counter> revokes = new EnumMap<>(Reason.class);
        /** Another one when the election is left and entered again at once: the meters stay. */
        private volatile ObservedElection election;

        Contended(ObservedElection first) {
            election = first;
            name = first.election();
            gauge(HighAvailabilityMeter.LEADER, this, own -> own.election.isLeading() ? 1 : 0, name);
            gauge(HighAvailabilityMeter.FENCING_TOKEN, this, own -> own.election.fencingToken(), name);
            seconds(HighAvailabilityMeter.LEASE_REMAINING, this, own -> inSeconds(own.election.remaining()), name);
            seconds(
                    HighAvailabilityMeter.RENEWAL_AGE,
                    this,
                    own -> own.election.sinceRenewal().map(Meters::inSeconds).orElse(Double.NaN),
                    name);
            grants = counter(HighAvailabilityMeter.GRANTS, name);
            overruns = counter(HighAvailabilityMeter.OVERRUNS, name);
            writesRefused = counter(HighAvailabilityMeter.WRITES_REFUSED, name);
        }

        Counter revokes(Reason reason) {
            return revokes.computeIfAbsent(reason, first -> counter(HighAvailabilityMeter.REVOKES, name, text(first)));
        }
    }

    /** Those of an election that this process follows. */
    private final class Followed extends Owned {
        private final Timer handover;
        private final Timer noLeader;
        private final Counter watchRestarts;

        Followed(String name) {
            handover = timer(HighAvailabilityMeter.HANDOVER, name);
            noLeader = timer(HighAvailabilityMeter.NO_LEADER, name);
            watchRestarts = counter(HighAvailabilityMeter.WATCH_RESTARTS, name);
        }
    }

    private static double inSeconds(Duration time) {
        return time.equals(ChronoUnit.FOREVER.getDuration())
                ? Double.POSITIVE_INFINITY
                : time.toNanos() / (double) TimeUnit.SECONDS.toNanos(1);
    }

    // ---- events

    @Override
    public void contending(ObservedElection election) {
        contended.computeIfAbsent(election.election(), first -> new Contended(election)).election = election;
    }

    @Override
    public void left(ObservedElection election) {
        Contended present = contended.get(election.election());
        if (present != null && present.election == election) {
            contended.remove(election.election());
            present.remove();
        }
    }

    @Override
    public void granted(String election, long fencingToken) {
        Contended present = contended.get(election);
        if (present != null) {
            present.grants.increment();
        }
    }

    @Override
    public void revoked(String election, Reason reason) {
        Contended present = contended.get(election);
        if (present != null) {
            present.revokes(reason).increment();
        }
    }

    @Override
    public void overran(String election) {
        Contended present = contended.get(election);
        if (present != null) {
            present.overruns.increment();
        }
    }

    @Override
    public void writeRefused(String election) {
        Contended present = contended.get(election);
        if (present != null) {
            present.writesRefused.increment();
        }
    }

    @Override
    public void renewed(Duration latency) {
        renewals.record(latency);
    }

    @Override
    public void following(String election) {
        followed.computeIfAbsent(election, Followed::new);
    }

    @Override
    public void unfollowed(String election) {
        Followed former = followed.remove(election);
        if (former != null) {
            former.remove();
        }
    }

    @Override
    public void handedOver(String election, Duration gap) {
        Followed present = followed.get(election);
        if (present != null) {
            present.handover.record(gap);
        }
    }

    @Override
    public void leaderless(String election, Duration time) {
        Followed present = followed.get(election);
        if (present != null) {
            present.noLeader.record(time);
        }
    }

    @Override
    public void watchRestarted(String election) {
        Followed present = followed.get(election);
        if (present != null) {
            present.watchRestarts.increment();
        }
    }

    @Override
    public void reconnected() {
        reconnects.increment();
    }

    @Override
    public void callbackReturned(String election, UserCall call, Duration took) {
        timer(call).record(took);
    }

    private Timer timer(UserCall call) {
        Timer timer = callbacks.get(call);
        if (timer == null) {
            throw new IllegalStateException("no timer for " + call);
        }
        return timer;
    }

    @Override
    public void callbackSlow(String election, UserCall call, Duration running) {
        Counter counter = slowCallbacks.get(call);
        if (counter != null) {
            counter.increment();
        }
    }

    @Override
    public void missed(long events) {
        missed.increment((double) events);
    }
}
