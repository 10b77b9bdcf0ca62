package dev.ha.cli;

import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChangeMonitor;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
            "  unknown    the backend can't be asked; the last leader may lead still",
            "With --alert-url or --exec also what has really changed, whether it alerts or not:",
            "  elected        the first leader that is seen",
            "  switched       another address",
            "  re-elected     the same address with a new session: work was interrupted",
            "  lost           no leader for the grace time; gap: LEADERLESS, or UNKNOWN if nobody can be asked",
            "  restored       the same session after lost: only a link was broken",
            "  history-reset  the backend's data were wiped or restored"
        })
final class WatchCommand implements Callable<Integer> {
    /** By the event itself, or to be put together from the rest. */
    private static final Set<String> SAID_ALREADY = Set.of("event", "election", "at", "key", "text");

    @ParentCommand
    private Main main;

    @Parameters(paramLabel = "NAME", description = "Name of the election.")
    private String name = "";

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Mixin
    private AlertOptions alerts;

    @Override
    public Integer call() throws InterruptedException {
        Output output = main.output();
        Stop stop = Stop.onSignalsAndEndOf(output);
        try (HighAvailabilityServices services = main.services()) {
            LeaderRetrievalService follower = Elections.named(name, services::leaderRetrieval);
            Optional<LeaderChangeMonitor.Builder> monitor =
                    alerts.monitor(services, name, change -> output.event(about(change), json));
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
            watchUntil(stop, monitor);
        }
        return 0;
    }

    private static void watchUntil(Stop stop, Optional<LeaderChangeMonitor.Builder> alerts)
            throws InterruptedException {
        Optional<LeaderChangeMonitor> monitor = alerts.map(LeaderChangeMonitor.Builder::start);
        try {
            stop.await();
        } finally {
            monitor.ifPresent(LeaderChangeMonitor::close);
        }
    }

    private static Event about(LeaderChange change) {
        Event event = Event.of(AlertOptions.name(change.type()), change.election());
        change.fields().forEach((field, value) -> {
            if (!SAID_ALREADY.contains(field)) {
                event.with(field, value);
            }
        });
        return event;
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
