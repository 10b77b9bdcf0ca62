package dev.ha.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityObserver;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.Observation;
import dev.ha.ObservedElection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Modes none and embedded through the engine, as a user meets them. */
class MemoryServicesTest {
    private static HighAvailabilityServices services(String mode, Map<String, String> more) {
        Map<String, String> configuration = new HashMap<>(more);
        configuration.put("high-availability.mode", mode);
        configuration.putIfAbsent(
                "high-availability.cluster-id", UUID.randomUUID().toString());
        return HighAvailability.create(configuration);
    }

    private static LeaderContender confirming(String address, CountDownLatch confirmed) {
        return new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                var unused = leadership.confirm(address).thenRun(confirmed::countDown);
            }

            @Override
            public void revokeLeadership(Leadership leadership) {}

            @Override
            public void handleError(HighAvailabilityException error) {}
        };
    }

    @Test
    void noneTellsTheConfiguredAddress() throws Exception {
        try (HighAvailabilityServices ha = services("none", Map.of("high-availability.none.address.e", "host:1"));
                LeaderRetrievalService follower = ha.leaderRetrieval("e")) {
            follower.start(information -> {});
            LeaderInformation.Leader leader =
                    follower.leader().toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertThat(leader.address()).isEqualTo("host:1");
            assertThat(leader.sessionId()).isEqualTo(new UUID(0, 0));
        }
    }

    @Test
    void noneTellsWhatIsConfirmedWhereNothingIsConfigured() throws Exception {
        try (HighAvailabilityServices ha = services("none", Map.of());
                LeaderRetrievalService follower = ha.leaderRetrieval("e")) {
            follower.start(information -> {});
            ha.leaderElection("e").start(confirming("here:1", new CountDownLatch(1)));
            assertThat(follower.leader()
                            .toCompletableFuture()
                            .get(60, TimeUnit.SECONDS)
                            .address())
                    .isEqualTo("here:1");
        }
    }

    @Test
    void embeddedHandsOverWhenTheLeaderCloses() throws Exception {
        Map<String, String> cluster =
                Map.of("high-availability.cluster-id", UUID.randomUUID().toString());
        List<LeaderInformation> told = new CopyOnWriteArrayList<>();
        try (HighAvailabilityServices second = services("embedded", cluster)) {
            CountDownLatch secondConfirmed = new CountDownLatch(1);
            try (HighAvailabilityServices first = services("embedded", cluster)) {
                CountDownLatch firstConfirmed = new CountDownLatch(1);
                first.leaderElection("e").start(confirming("first", firstConfirmed));
                assertThat(firstConfirmed.await(60, TimeUnit.SECONDS)).isTrue();
                second.leaderElection("e").start(confirming("second", secondConfirmed));
                second.leaderRetrieval("e").start(told::add);
                Waiting.until("first is told", () -> lastAddress(told).equals("first"));
            }
            assertThat(secondConfirmed.await(60, TimeUnit.SECONDS)).isTrue();
            Waiting.until("second is told", () -> lastAddress(told).equals("second"));
        }
    }

    private static String lastAddress(List<LeaderInformation> told) {
        return told.isEmpty()
                ? ""
                : told.get(told.size() - 1)
                        .leader()
                        .map(LeaderInformation.Leader::address)
                        .orElse("");
    }

    /** The sentence of DESIGN "10,000 elections held at once"; the time is patience, the measured one is printed. */
    @Test
    void theEndOfAnObservationWaitsForTheCallInProgress() throws Exception {
        CountDownLatch called = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (HighAvailabilityServices ha = services("embedded", Map.of())) {
            Observation observation = ha.observe(new HighAvailabilityObserver() {
                @Override
                public void contending(ObservedElection election) {
                    called.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException closed) {
                        Thread.currentThread().interrupt();
                    }
                }
            });
            ha.leaderElection("e").start(confirming("a", new CountDownLatch(1)));
            assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<Void> ended = CompletableFuture.runAsync(observation::close);
            Waiting.stays("the observation has not ended", () -> !ended.isDone());
            go.countDown();
            Waiting.done(ended);
        }
    }

    @Test
    void embeddedHoldsTenThousandElectionsAtOnce() throws Exception {
        int elections = 10_000;
        CountDownLatch confirmed = new CountDownLatch(elections);
        long began = System.nanoTime();
        int threads;
        try (HighAvailabilityServices ha = services("embedded", Map.of())) {
            for (int i = 0; i < elections; i++) {
                ha.leaderElection("election-" + i).start(confirming("address-" + i, confirmed));
            }
            assertThat(confirmed.await(60, TimeUnit.SECONDS)).isTrue();
            threads = Thread.activeCount();
        }
        System.out.printf(
                "%d elections granted, confirmed and closed in %d ms with %d threads%n",
                elections, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began), threads);
        assertThat(threads).isLessThan(200);
    }
}
