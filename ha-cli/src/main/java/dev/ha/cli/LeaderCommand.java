package dev.ha.cli;

import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalService;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code ha leader}: one question to the backend. */
@Command(
        name = "leader",
        description = "Asks the backend itself, once, who leads. Exits with 3 when nobody does.",
        footerHeading = "%n",
        footer = "Without --json: the address, the fencing token and the session, separated by tabs.")
final class LeaderCommand implements Callable<Integer> {
    private static final int NOBODY = 3;

    @ParentCommand
    private Main main;

    @Parameters(paramLabel = "NAME", description = "Name of the election.")
    private String name = "";

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Option(
            names = "--timeout",
            paramLabel = "D",
            defaultValue = "30 s",
            description = "How long to wait for the answer, such as 5s or 500ms. Default: ${DEFAULT-VALUE}.")
    private String timeout = "";

    @Override
    public Integer call() throws Failure, InterruptedException {
        Duration limit = DurationArgument.parse("--timeout", timeout);
        try (HighAvailabilityServices services = main.services()) {
            LeaderRetrievalService follower = Elections.named(name, services::leaderRetrieval);
            return tell(Answers.of(follower.read(), limit, "the backend"));
        }
    }

    private int tell(LeaderInformation information) throws Failure {
        if (information instanceof LeaderInformation.Unknown) {
            throw new Failure("the backend could not tell who leads (" + information.reason() + ")");
        }
        if (json) {
            main.output().event(WatchCommand.about(name, information), true);
        }
        if (information instanceof LeaderInformation.Leader leader) {
            if (!json) {
                main.output()
                        .line(Event.printable(leader.address()) + "\t" + leader.fencingToken() + "\t"
                                + leader.sessionId());
            }
            return 0;
        }
        if (!json) {
            main.tell("nobody leads " + name);
        }
        return NOBODY;
    }
}
