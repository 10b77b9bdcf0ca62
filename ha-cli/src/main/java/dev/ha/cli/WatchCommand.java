package dev.ha.cli;

import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code ha watch}: a follower. */
@Command(
        name = "watch",
        description =
                "Follows the leader of an election until SIGTERM or SIGINT: tells who leads, and then every change.",
        footerHeading = "%nEvents:%n",
        footer = {
            "  leader     leads; with address, session, token and reason",
            "  no-leader  certainly nobody has published an address",
            "  unknown    the backend can't be asked; the last leader may lead still"
        })
final class WatchCommand implements Callable<Integer> {
    @ParentCommand
    private Main main;

    @Parameters(paramLabel = "NAME", description = "Name of the election.")
    private String name = "";

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        Output output = main.output();
        Stop stop = Stop.onSignalsAndEndOf(output);
        try (HighAvailabilityServices services = main.services()) {
            LeaderRetrievalService follower = Elections.named(name, services::leaderRetrieval);
            follower.start(new LeaderRetrievalListener() {
                @Override
                public void notifyLeader(LeaderInformation information) {
                    output.event(about(name, information), json);
                }

                @Override
                public void handleError(HighAvailabilityException error) {
                    main.tell(Failure.reason(error));
                }
            });
            stop.await();
        }
        return 0;
    }

    /** What {@code information} is as an event. */
    static Event about(String election, LeaderInformation information) {
        if (information instanceof LeaderInformation.Leader leader) {
            return Event.of("leader", election)
                    .with("address", leader.address())
                    .with("session", leader.sessionId())
                    .with("token", leader.fencingToken())
                    .with("reason", leader.reason());
        }
        String event = information instanceof LeaderInformation.None ? "no-leader" : "unknown";
        return Event.of(event, election)
                .with("address", null)
                .with("session", null)
                .with("token", null)
                .with("reason", information.reason());
    }
}
