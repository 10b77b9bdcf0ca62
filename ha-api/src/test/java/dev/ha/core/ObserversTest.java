package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.Health.Status;
import dev.ha.HighAvailabilityObserver;
import dev.ha.LeaderRetrievalService;
import dev.ha.LeadershipLostException;
import dev.ha.Observation;
import dev.ha.ObservedElection;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.core.PlayedBackend.Contender;
import dev.ha.spi.Lease;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What observers are told of one process whose backend the test plays, on a clock that the test moves. */
final class ObserversTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final String NOTIFIED = "callbackReturned(e NOTIFY PT0S)";

    private final PlayedBackend backend = new PlayedBackend();
    private final Engine engine = backend.engine;
    private final List<String> told = new ArrayList<>();
    private @Nullable ObservedElection election;

    /** Writes down every call. */
    private HighAvailabilityObserver recorder() {
        return (HighAvailabilityObserver) Proxy.newProxyInstance(
                HighAvailabilityObserver.class.getClassLoader(),
                new Class<?>[] {HighAvailabilityObserver.class},
                (proxy, method, args) -> {
                    if (method.getDeclaringClass() == Object.class) {
                        return "recorder";
                    }
                    told.add(method.getName() + words(args == null ? new Object[0] : args));
                    return null;
                });
    }

    private String words(Object[] args) {
        return Arrays.stream(args)
                .map(word -> {
                    if (word instanceof ObservedElection observed) {
                        election = observed;
                        return observed.election();
                    }
                    return word.toString();
                })
                .collect(Collectors.joining(" ", "(", ")"));
    }

    private ObservedElection election() {
        return Objects.requireNonNull(election);
    }

    private List<String> told(String event) {
        return told.stream().filter(line -> line.startsWith(event + "(")).toList();
    }

    private Observation observe() {
        return engine.observe(recorder());
    }

    @Test
    void tellsTheLifeOfALeadershipInOrder() {
        observe();
        Contender contender = backend.contend();
        assertThat(told).containsExactly("contending(e)");
        assertThat(election().isLeading()).isFalse();
        backend.grant(7, backend.lease());
        contender.leadership().resign();
        backend.settle();
        contender.seat.close();
        backend.settle();
        assertThat(told.stream().map(line -> line.replaceAll(" PT.*", ")")))
                .containsExactly(
                        "contending(e)",
                        "granted(e 7)",
                        "callbackReturned(e GRANT)",
                        "revoked(e RESIGNED)",
                        "callbackReturned(e REVOKE)",
                        "left(e)");
    }

    @Test
    void tellsALateObserverWhatThereIs() {
        Contender contender = backend.contend();
        backend.grant(7, backend.lease());
        LeaderRetrievalService follower = backend.follow();
        observe();
        backend.settle();
        assertThat(told).containsExactlyInAnyOrder("contending(e)", "following(e)");
        assertThat(election().isLeading()).isTrue();
        assertThat(election().fencingToken()).isEqualTo(7);
        contender.seat.close();
        follower.close();
        backend.settle();
        assertThat(told).contains("revoked(e CLOSED)").endsWith("left(e)", "unfollowed(e)");
    }

    @Test
    void theElectionIsAsGoodAsItsLeaseWithoutAnyEvent() {
        observe();
        backend.contend();
        Lease lease = backend.lease();
        backend.grant(7, lease);
        backend.pass(SECOND);
        long sentAt = backend.process.nanoTime();
        backend.pass(Duration.ofMillis(400));
        lease.renewed(sentAt);
        assertThat(election().sinceRenewal()).contains(Duration.ofMillis(400));
        assertThat(election().remaining()).isEqualTo(Duration.ofMillis(5_600));
        backend.settle();
        assertThat(told("renewed")).containsExactly("renewed(PT0.4S)");
        backend.process.pause(Duration.ofSeconds(20)); // nothing of it runs, but it can be asked
        backend.pass(Duration.ofMillis(5_600));
        assertThat(election().isLeading()).isFalse();
        assertThat(election().fencingToken()).isZero();
        assertThat(election().remaining()).isZero();
        assertThat(election().sinceRenewal()).isEmpty();
        assertThat(told("revoked")).isEmpty();
    }

    @Test
    void aLockWithoutLeaseIsNeverRenewed() {
        observe();
        backend.contend();
        backend.grant(7, backend.context().unlimitedLease());
        assertThat(election().isLeading()).isTrue();
        assertThat(election().remaining()).isEqualTo(ChronoUnit.FOREVER.getDuration());
        assertThat(election().sinceRenewal()).isEmpty();
    }

    @Test
    void lateRenewalsDegradeHealthUntilTheNextOne() {
        backend.contend();
        Lease lease = backend.lease();
        backend.grant(7, lease);
        Duration third = PlayedBackend.DURATION.minus(PlayedBackend.MARGIN).dividedBy(3);
        backend.pass(third.multipliedBy(2).minusMillis(100));
        assertThat(engine.health().status()).isEqualTo(Status.UP);
        backend.pass(Duration.ofMillis(100));
        assertThat(engine.health().status()).isEqualTo(Status.DEGRADED);
        assertThat(engine.health().detail()).contains("renewals are late", "election e");
        lease.renewed(backend.process.nanoTime());
        assertThat(engine.health().status()).isEqualTo(Status.UP);
    }

    @Test
    void aLeaseThatRanOutIsAnOutageUntilThereIsASignOfLife() {
        observe();
        backend.contend();
        backend.grant(7, backend.lease());
        Duration valid = PlayedBackend.DURATION.minus(PlayedBackend.MARGIN);
        backend.process.pause(valid.plusMillis(1)); // its timer does not come
        backend.pass(valid);
        assertThat(engine.health().status()).isEqualTo(Status.DOWN);
        assertThat(engine.health().detail()).contains("the lease of election e ran out");
        backend.pass(Duration.ofSeconds(2));
        assertThat(election().isLeading()).isFalse();
        assertThat(engine.health().status()).isEqualTo(Status.DOWN);
        backend.grant(8, backend.lease());
        assertThat(engine.health().status()).isEqualTo(Status.UP);
    }

    @Test
    void anOutageThatTheBackendDoesNotNoticeWithinALeaseIsNone() {
        backend.contend();
        backend.grant(7, backend.lease());
        backend.pass(PlayedBackend.DURATION);
        assertThat(engine.health().status()).isEqualTo(Status.DOWN);
        backend.pass(PlayedBackend.DURATION);
        assertThat(engine.health().status()).isEqualTo(Status.UP);
    }

    @Test
    void aLeaseOnWhichNobodyLeadsMayRunOut() {
        Contender contender = backend.contend();
        backend.grant(7, backend.lease());
        contender.leadership().resign();
        backend.pass(Duration.ofSeconds(5));
        assertThat(engine.health().status()).isEqualTo(Status.UP);
    }

    @Test
    void anOutageIsDegradedWithinTheLeaseAndDownAfterIt() {
        observe();
        backend.contend();
        backend.grant(7, backend.lease());
        backend.context()
                .disconnected(Reason.CONNECTION_LOST, new UnavailableException("cable", Reason.CONNECTION_LOST, null));
        assertThat(engine.health().status()).isEqualTo(Status.DEGRADED);
        backend.pass(Duration.ofSeconds(6));
        assertThat(engine.health().status()).isEqualTo(Status.DOWN);
        assertThat(told("reconnected")).isEmpty();
        backend.context().connected();
        backend.context().connected();
        backend.settle();
        assertThat(engine.health().status()).isEqualTo(Status.UP);
        assertThat(told("reconnected")).hasSize(1);
    }

    @Test
    void aFollowerMeasuresWhatItSees() {
        observe();
        backend.follow();
        backend.seen(1, 0);
        backend.pass(Duration.ofMillis(950));
        backend.seen(2, 5);
        assertThat(told).containsExactly("following(e)", NOTIFIED, "leaderless(e PT1S)", NOTIFIED);
        told.clear();
        backend.seen(3, 6); // at once
        backend.seen(4, 0);
        backend.seen(5, 6); // back: no handover
        backend.seen(6, 0);
        backend.seen(7, 0);
        backend.seen(8, 9);
        assertThat(told("handedOver")).containsExactly("handedOver(e PT0S)", "handedOver(e PT0.1S)");
        assertThat(told("leaderless")).containsExactly("leaderless(e PT0.05S)", "leaderless(e PT0.1S)");
    }

    @Test
    void whoLedItselfMeasuresFromTheEndOfItsOwnLeadership() {
        observe();
        Contender contender = backend.contend();
        backend.follow();
        backend.grant(5, backend.lease());
        backend.seen(1, 5);
        contender.atRevoke = Duration.ofSeconds(2);
        contender.leadership().resign();
        backend.pass(Duration.ofSeconds(3));
        backend.seen(2, 0);
        backend.pass(Duration.ofMillis(950));
        backend.seen(3, 6);
        assertThat(told("handedOver")).containsExactly("handedOver(e PT4S)");
        assertThat(told("leaderless")).containsExactly("leaderless(e PT1S)");
    }

    @Test
    void aWatchThatReportsAgainIsTold() {
        observe();
        backend.follow();
        backend.seen(1, 5);
        assertThat(told("watchRestarted")).isEmpty();
        Objects.requireNonNull(backend.following).unknown(Reason.CONNECTION_LOST, null);
        backend.settle();
        backend.seen(1, 5);
        assertThat(told("watchRestarted")).containsExactly("watchRestarted(e)");
    }

    @Test
    void refusedWritesAreTold() {
        observe();
        Contender contender = backend.contend();
        backend.grant(7, backend.lease());
        backend.refusal = new UnavailableException("cable", Reason.CONNECTION_LOST, null);
        write(contender);
        assertThat(told("writeRefused")).isEmpty();
        backend.refusal = new LeadershipLostException("fenced", 7, 8);
        write(contender);
        assertThat(told("writeRefused")).hasSize(1);
        contender.leadership().confirm("a"); // fenced: the candidacy ends
        backend.settle();
        assertThat(told("writeRefused")).hasSize(2);
        write(contender);
        assertThat(told("writeRefused")).hasSize(3);
        backend.refusal = null;
        backend.pass(Duration.ofSeconds(3));
        backend.grant(8, backend.lease());
        contender.leadership().resign();
        contender.leadership().confirm("b");
        backend.settle();
        assertThat(told("writeRefused")).hasSize(4);
    }

    private void write(Contender contender) {
        var unused = engine.stores("e").entries().create(contender.leadership(), "x", new byte[1]);
        backend.settle();
    }

    @Test
    void slowCallbacksAndOverrunsAreTold() {
        observe();
        Contender contender = backend.contend();
        contender.atGrant = Duration.ofSeconds(5).plusMillis(40);
        Lease lease = backend.lease();
        backend.grant(7, lease);
        assertThat(told("callbackSlow")).containsExactly("callbackSlow(e GRANT PT5S)");
        assertThat(told("callbackReturned")).containsExactly("callbackReturned(e GRANT PT5.04S)");
        contender.atRevoke = Duration.ofSeconds(4);
        contender.leadership().resign();
        backend.pass(Duration.ofSeconds(5));
        assertThat(told("overran")).containsExactly("overran(e)");
    }

    @Test
    void whatAnObserverDoesNotTakeIsLeftOutAndCounted() {
        observe();
        flood();
        backend.contend();
        backend.settle();
        assertThat(told("reconnected")).hasSize(Observers.MOST);
        assertThat(told).contains("missed(5)", "contending(e)");
        flood();
        engine.observers().left(election());
        backend.settle();
        assertThat(told).contains("left(e)");
    }

    /** More than is taken in one go. */
    private void flood() {
        for (int i = 0; i < Observers.MOST + 5; i++) {
            engine.observers().tell(HighAvailabilityObserver::reconnected);
        }
    }

    @Test
    void anObserverThatThrowsIsToldTheRestAndDisturbsNobody() {
        engine.observe(new HighAvailabilityObserver() {
            @Override
            public void contending(ObservedElection contended) {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void granted(String name, long token) {
                told.add("thrower granted");
            }
        });
        observe();
        backend.contend();
        backend.grant(7, backend.lease());
        assertThat(told).contains("thrower granted", "granted(e 7)");
    }

    @Test
    void nothingIsToldAfterTheEndOfTheObservation() {
        Observation observation = observe();
        backend.contend();
        told.clear();
        observation.close();
        observation.close();
        backend.grant(7, backend.lease());
        assertThat(told).isEmpty();
    }

    @Test
    void anObservationMayEndInsideACall() {
        Observation[] own = new Observation[1];
        own[0] = engine.observe(new HighAvailabilityObserver() {
            @Override
            public void contending(ObservedElection contended) {
                told.add("contending");
                own[0].close();
            }

            @Override
            public void granted(String name, long token) {
                told.add("granted");
            }
        });
        backend.contend();
        backend.grant(7, backend.lease());
        assertThat(told).containsExactly("contending");
    }

    @Test
    void closedServicesLeaveEverythingAndTakeNoObserver() {
        observe();
        backend.contend();
        backend.grant(7, backend.lease());
        backend.follow();
        engine.close();
        backend.settle();
        assertThat(told).contains("revoked(e CLOSED)", "left(e)", "unfollowed(e)");
        assertThatThrownBy(this::observe)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
