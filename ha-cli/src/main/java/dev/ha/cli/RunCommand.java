package dev.ha.cli;

import dev.ha.ConfigurationReference;
import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderElection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code ha run}: any program, made highly available. */
@Command(
        name = "run",
        description = "Runs a command while leading, and only then.",
        customSynopsis = "ha run [OPTIONS] NAME -- COMMAND [ARGS...]",
        footerHeading = "%n",
        footer = {
            "The command finds HA_ELECTION, HA_SESSION_ID and HA_FENCING_TOKEN in its environment. When the",
            "leadership is lost, its process group gets SIGTERM, and SIGKILL before the lease can be over; also",
            "when ha itself is killed or stopped, by a small watchdog process. On one machine a successor's",
            "command starts only when all of the former one is gone.",
            "SIGTERM, SIGINT and SIGHUP are passed on to the command; ha waits for its end, for close-timeout at",
            "most, then resigns. USR1 and USR2 are passed on where Java allows it. What was ignored when ha was",
            "started stays ignored: SIGHUP under nohup, SIGINT in the background of a script.",
            "Without a lease (mode file) a stopped ha keeps the lock, nobody else leads, and the command goes on.",
            "Not covered: processes that leave the command's session (setsid); a lease that runs out while ha and",
            "its watchdog are both stopped.",
            "",
            "Exit code: the command's own, or 128 and the number of the signal that killed it."
        })
final class RunCommand implements Callable<Integer> {
    private static final String[] PASSED_ON_AND_ENDS = {"TERM", "INT", "HUP"};
    private static final String DIRECTORY_VARIABLE = "HA_RUN_DIRECTORY";
    private static final String[] PASSED_ON = {"USR1", "USR2"};

    @ParentCommand
    private Main main;

    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the election.")
    private String name = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "What to run, and its arguments.")
    private List<String> command = new ArrayList<>();

    @Option(
            names = "--address",
            paramLabel = "A",
            description = "What followers are told. Default: host and process id.")
    private @Nullable String address;

    @Option(
            names = "--restart",
            description =
                    "When the command has ended, for whatever reason, resign, and run it again at the next grant.")
    private boolean restart;

    @Option(
            names = "--run-directory",
            paramLabel = "DIR",
            description = "Where running commands keep out of each other's way. "
                    + "Default: HA_RUN_DIRECTORY, or /tmp/ha-run-UID.")
    private @Nullable Path directory;

    @Mixin
    private StatusOptions status;

    @Override
    public Integer call() throws Failure, InterruptedException {
        Map<String, Object> configuration = main.configuration().load();
        String variable = System.getenv().getOrDefault(DIRECTORY_VARIABLE, "");
        Path place = RunPlace.directory(directory == null && !variable.isEmpty() ? Path.of(variable) : directory);
        Path lockFile = RunPlace.lockFile(place, configuration, name);
        Duration patience = DurationArgument.parse(
                "--close-timeout",
                RunPlace.setting(ConfigurationReference.resolve(configuration, null), "close-timeout"));
        CommandRunner runner = new CommandRunner(
                () -> WatchdogProcess.start(place, lockFile, name, command),
                address == null ? Elections.addressOfThisProcess() : address,
                restart,
                patience);
        try (StatusServer server = status.open();
                runner;
                HighAvailabilityServices services = HighAvailability.create(configuration)) {
            LeaderElection election = Elections.named(name, services::leaderElection);
            server.serve(services, name);
            if (server.metricsUrl() != null) {
                main.tell("metrics at " + server.metricsUrl());
            }
            if (server.healthUrl() != null) {
                main.tell("health at " + server.healthUrl());
            }
            runner.prepare();
            for (String signal : PASSED_ON_AND_ENDS) {
                Signals.handle(signal, () -> runner.end(signal));
            }
            for (String signal : PASSED_ON) {
                Signals.handle(signal, () -> runner.pass(signal));
            }
            election.start(runner);
            return runner.await();
        }
    }
}
