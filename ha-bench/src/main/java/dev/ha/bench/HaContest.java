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
final class HaContest extends Duel {
    private final HighAvailabilityServices[] services = new HighAvailabilityServices[2];
    private final LeaderElection[] elections = new LeaderElection[2];

    HaContest(String name, Map<String, String> configuration) {
        super(name);
        for (int i = 0; i < 2; i++) {
            Map<String, String> all = new HashMap<>(configuration);
            all.put("high-availability.cluster-id", "bench");
            services[i] = HighAvailability.create(all);
        }
    }

    @Override
    void contend(int who) {
        elections[who] = services[who].leaderElection("bench");
        elections[who].start(new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                granted(who);
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
    void letGo(int who) {
        elections[who].close();
    }

    @Override
    public void close() {
        for (HighAvailabilityServices each : services) {
            each.close();
        }
    }
}
