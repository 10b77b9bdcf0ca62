package dev.ha.cli;

import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElection;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/**
 * {@code ha elect}: a contender that does nothing but lead, for trying things out and for tests with real processes.
 */
@Command(
        name = "elect",
        description = "Contends in an election until SIGTERM or SIGINT, then resigns and exits with 0.",
        footerHeading = "%nWith --json one object a line, with the fields at, event, election, session, token:%n",
        footer = {
            "  started    contends from now on",
            "  granted    leads, with this session and fencing token",
            "  confirmed  followers can see the address",
            "  revoked    leads no longer",
            "  error      something that a person should know; says nothing about leading",
            "  closed     has left",
            "With --metrics-port or --health-port also:",
            "  serving    metrics and health are at these URLs",
            "With --probe also, from a look at the handle every millisecond:",
            "  valid, invalid   at each change",
            "  stale-valid      the first look after a pause of more than 500 ms finds it still valid:",
            "                   right where a lock has no lease (mode file), wrong elsewhere"
        })
final class ElectCommand implements Callable<Integer> {
    @ParentCommand
    private Main main;

    @Parameters(paramLabel = "NAME", description = "Name of the election.")
    private String name = "";

    @Option(
            names = "--address",
            paramLabel = "A",
            description = "What followers are told. Default: host and process id.")
    private @Nullable String address;

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Option(names = "--probe", description = "Look at the handle's validity every millisecond.")
    private boolean probe;

    @Mixin
    private StatusOptions status;

    @Option(
            names = "--until-end-of-input",
            hidden = true,
            description = "Stop when the standard input ends, as a child does.")
    private boolean untilEndOfInput;

    @Override
    public Integer call() throws Failure, InterruptedException {
        Output output = main.output();
        Stop stop = Stop.onSignalsAndEndOf(output);
        if (untilEndOfInput) {
            stop.atEndOfInput();
        }
        try (StatusServer server = status.open();
                ValidityProbe validity = new ValidityProbe(event -> output.event(event, json));
                HighAvailabilityServices services = main.services()) {
            LeaderElection election = Elections.named(name, services::leaderElection);
            server.serve(services, name);
            if (server.metricsUrl() != null || server.healthUrl() != null) {
                output.event(
                        ElectContender.about("serving", name, null)
                                .with("metrics", server.metricsUrl())
                                .with("health", server.healthUrl()),
                        json);
            }
            output.event(ElectContender.about("started", name, null), json);
            String published = address == null ? Elections.addressOfThisProcess() : address;
            election.start(new ElectContender(name, published, event -> output.event(event, json), leadership -> {
                if (probe) {
                    validity.look(leadership);
                }
            }));
            stop.await();
        }
        output.event(ElectContender.about("closed", name, null), json);
        return 0;
    }
}
