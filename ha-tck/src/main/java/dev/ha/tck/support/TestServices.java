package dev.ha.tck.support;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import java.util.Map;

/** Services of their own, as a process would have them. */
public class TestServices implements AutoCloseable {
    private final HighAvailabilityServices services;

    /** With {@code configuration}, and nothing added to it. */
    public TestServices(Map<String, String> configuration) {
        this.services = HighAvailability.create(configuration);
    }

    /** What a program would hold. */
    public final HighAvailabilityServices services() {
        return services;
    }

    /** A new contender for {@code election}, already started. */
    public final TestContender contend(String election) {
        TestContender contender = new TestContender();
        services.leaderElection(election).start(contender);
        return contender;
    }

    /** A new follower of {@code election}, already started. */
    public final TestListener follow(String election) {
        TestListener listener = new TestListener();
        services.leaderRetrieval(election).start(listener);
        return listener;
    }

    /** Leaves before the end of the test. */
    public final void leave() {
        services.close();
    }

    @Override
    public final void close() {
        leave();
    }
}
