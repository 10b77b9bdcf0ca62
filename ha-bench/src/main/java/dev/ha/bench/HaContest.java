package dev.ha.bench;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.Leadership;
import java.util.HashMap;
import java.util.Map;

/** This library: {@code close} of the leader's seat until {@code grantLeadership} of the standby. */
final class HaContest implements Contest {
    private final String name;
    private final HighAvailabilityServices[] services = new HighAvailabilityServices[2];
    private final LeaderElection[] elections = new LeaderElection[2];
    private final Signal[] granted = {new Signal(), new Signal()};
    private int holder;

    HaContest(String name, Map<String, String> configuration) throws InterruptedException {
        this.name = name;
        for (int i = 0; i < 2; i++) {
            Map<String, String> all = new HashMap<>(configuration);
            all.put("high-availability.cluster-id", "bench");
            services[i] = HighAvailability.create(all);
        }
        contend(0);
        granted[0].await();
        contend(1);
    }

    private void contend(int who) {
        Signal told = granted[who];
        elections[who] = services[who].leaderElection("bench");
        elections[who].start(new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                told.now();
            }

            @Override
            public void revokeLeadership(Leadership leadership) {}

            @Override
            public void handleError(HighAvailabilityException error) {
                throw new IllegalStateException(error);
            }
        });
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long handover() throws InterruptedException {
        int leaving = holder;
        holder = 1 - holder;
        long began = System.nanoTime();
        elections[leaving].close();
        long took = granted[holder].await() - began;
        contend(leaving);
        return took;
    }

    @Override
    public void close() {
        for (HighAvailabilityServices each : services) {
            each.close();
        }
    }
}
