package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.LeaderRetrievalService;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.core.PlayedBackend.Contender;
import dev.ha.metrics.HighAvailabilityMeter;
import dev.ha.metrics.HighAvailabilityMetrics;
import dev.ha.spi.Lease;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The meters of one process whose backend the test plays, on a clock that the test moves. */
final class MetricsTest {
    private final PlayedBackend backend = new PlayedBackend();
    private final Engine engine = backend.engine;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HighAvailabilityMetrics metrics = new HighAvailabilityMetrics(engine, List.of(Tag.of("app", "x")));

    /** Everything that is measured happens. */
    private void live() {
        metrics.bindTo(registry);
        Contender contender = backend.contend();
        contender.atGrant = Duration.ofSeconds(5).plusMillis(40);
        LeaderRetrievalService unusedFollower = backend.follow();
        Lease lease = backend.lease();
        backend.grant(7, lease);
        lease.renewed(backend.process.nanoTime() - Duration.ofMillis(20).toNanos());
        backend.seen(1, 0);
        backend.seen(2, 7);
        backend.context()
                .disconnected(Reason.CONNECTION_LOST, new UnavailableException("cable", Reason.CONNECTION_LOST, null));
        backend.context().connected();
        backend.seen(2, 7);
        backend.refusal = new LeadershipLostException("fenced", 7, 8);
        contender.leadership().confirm("a");
        backend.settle();
        backend.refusal = null;
        backend.seen(3, 8);
    }

    private double value(HighAvailabilityMeter meter, String... tags) {
        return registry.get(meter.meterName())
                .tags(Tags.of(tags))
                .meter()
                .measure()
                .iterator()
                .next()
                .getValue();
    }

    private double contended(HighAvailabilityMeter meter) {
        return value(meter, "election", "e");
    }

    @Test
    void countsWhatHappens() {
        live();
        assertThat(contended(HighAvailabilityMeter.GRANTS)).isEqualTo(1);
        assertThat(value(HighAvailabilityMeter.REVOKES, "election", "e", "reason", "superseded"))
                .isEqualTo(1);
        assertThat(contended(HighAvailabilityMeter.WRITES_REFUSED)).isEqualTo(1);
        assertThat(value(HighAvailabilityMeter.RENEWAL)).isEqualTo(1);
        assertThat(registry.get("ha.renewal").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(20);
        assertThat(contended(HighAvailabilityMeter.HANDOVER)).isEqualTo(1);
        assertThat(contended(HighAvailabilityMeter.NO_LEADER)).isEqualTo(1);
        assertThat(registry.get("ha.no.leader").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(50);
        assertThat(value(HighAvailabilityMeter.RECONNECTS)).isEqualTo(1);
        assertThat(contended(HighAvailabilityMeter.WATCH_RESTARTS)).isEqualTo(1);
        assertThat(value(HighAvailabilityMeter.CALLBACK_SLOW, "callback", "grant"))
                .isEqualTo(1);
        assertThat(registry.get("ha.callback").tag("callback", "grant").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(5_040);
        assertThat(value(HighAvailabilityMeter.CALLBACK, "callback", "revoke")).isEqualTo(1);
        assertThat(contended(HighAvailabilityMeter.OVERRUNS)).isZero();
        assertThat(value(HighAvailabilityMeter.EVENTS_MISSED)).isZero();
    }

    @Test
    void gaugesAreAsGoodAsTheLease() {
        metrics.bindTo(registry);
        backend.contend();
        assertThat(contended(HighAvailabilityMeter.LEADER)).isZero();
        assertThat(contended(HighAvailabilityMeter.FENCING_TOKEN)).isZero();
        assertThat(contended(HighAvailabilityMeter.LEASE_REMAINING)).isZero();
        assertThat(contended(HighAvailabilityMeter.RENEWAL_AGE)).isNaN();
        backend.grant(7, backend.lease());
        backend.pass(Duration.ofMillis(950));
        assertThat(contended(HighAvailabilityMeter.LEADER)).isEqualTo(1);
        assertThat(contended(HighAvailabilityMeter.FENCING_TOKEN)).isEqualTo(7);
        assertThat(contended(HighAvailabilityMeter.LEASE_REMAINING)).isEqualTo(5);
        assertThat(contended(HighAvailabilityMeter.RENEWAL_AGE)).isEqualTo(1);
        assertThat(value(HighAvailabilityMeter.HEALTH, "status", "up")).isEqualTo(1);
        backend.process.pause(Duration.ofSeconds(20)); // no event is delivered
        backend.pass(Duration.ofSeconds(3).plusMillis(100));
        assertThat(value(HighAvailabilityMeter.HEALTH, "status", "degraded")).isEqualTo(1);
        assertThat(value(HighAvailabilityMeter.HEALTH, "status", "up")).isZero();
        backend.pass(Duration.ofSeconds(2));
        assertThat(contended(HighAvailabilityMeter.LEADER)).isZero();
    }

    @Test
    void aLockWithoutLeaseHasNoEnd() {
        metrics.bindTo(registry);
        backend.contend();
        backend.grant(7, backend.context().unlimitedLease());
        assertThat(contended(HighAvailabilityMeter.LEASE_REMAINING)).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(contended(HighAvailabilityMeter.RENEWAL_AGE)).isNaN();
    }

    @Test
    void metersAreThoseThatAreListed() {
        live();
        Set<String> expected = Arrays.stream(HighAvailabilityMeter.values())
                .map(meter -> described(meter.meterName(), meter.type(), meter.description(), meter.tags()))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> actual = registry.getMeters().stream()
                .map(Meter::getId)
                .peek(id -> assertThat(id.getTag("app")).as("%s", id).isEqualTo("x"))
                .map(id -> described(
                        id.getName(),
                        id.getType(),
                        Objects.requireNonNull(id.getDescription()),
                        id.getTags().stream()
                                .map(Tag::getKey)
                                .filter(key -> !key.equals("app"))
                                .toList()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(actual).isEqualTo(expected);
    }

    private static String described(String name, Meter.Type type, String description, List<String> tags) {
        return name + " " + type + " " + tags + " " + description;
    }

    @Test
    void metersOfAnElectionGoWithIt() {
        metrics.bindTo(registry);
        Contender contender = backend.contend();
        LeaderRetrievalService follower = backend.follow();
        backend.grant(7, backend.lease());
        contender.seat.close();
        follower.close();
        backend.settle();
        assertThat(registry.getMeters())
                .isNotEmpty()
                .noneMatch(meter -> meter.getId().getTag("election") != null);
        backend.contend();
        backend.grant(8, backend.lease());
        assertThat(contended(HighAvailabilityMeter.FENCING_TOKEN)).isEqualTo(8);
        assertThat(contended(HighAvailabilityMeter.GRANTS)).isEqualTo(1);
    }

    @Test
    void closeRemovesAllOfIt() {
        live();
        registry.counter("mine").increment();
        metrics.close();
        metrics.close();
        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getName())
                .containsExactly("mine");
        backend.grant(9, backend.lease());
        assertThat(registry.getMeters()).hasSize(1);
        assertThatThrownBy(() -> metrics.bindTo(registry)).hasMessageContaining("these metrics are closed");
        assertThat(registry.getMeters()).hasSize(1);
    }

    @Test
    void closedServicesAreDownAndTakeNoMetrics() {
        metrics.bindTo(registry);
        engine.close();
        backend.settle();
        assertThat(value(HighAvailabilityMeter.HEALTH, "status", "down")).isEqualTo(1);
        SimpleMeterRegistry other = new SimpleMeterRegistry();
        assertThatThrownBy(() -> metrics.bindTo(other)).isInstanceOf(IllegalStateException.class);
        assertThat(other.getMeters()).isEmpty();
    }
}
