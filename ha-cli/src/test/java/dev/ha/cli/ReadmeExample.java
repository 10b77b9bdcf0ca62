package dev.ha.cli;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
import java.util.Map;

/** The example of the README, so that it compiles. */
final class ReadmeExample {
    private ReadmeExample() {}

    public static void main(String[] args) throws InterruptedException {
        // begin
        var settings = Map.of("high-availability.mode", "file");
        var builder = HighAvailability.builder().configuration(settings).closeOnJvmShutdown();
        try (var ha = builder.build()) {
            ha.leaderElection("reports").start(new LeaderContender() {
                @Override
                public void grantLeadership(Leadership leadership) {
                    System.out.println("I lead, with token " + leadership.fencingToken());
                    leadership.confirm("http://10.0.0.7:8080");
                }

                @Override
                public void revokeLeadership(Leadership leadership) {
                    System.out.println("I lead no longer");
                }

                @Override
                public void handleError(HighAvailabilityException error) {
                    System.err.println(error.getMessage());
                }
            });
            ha.leaderRetrieval("reports").start(leader -> System.out.println(leader));
            ha.awaitClosed();
        }
        // end
    }
}
