package dev.ha.cli;

import dev.ha.ConfigurationReference;
import dev.ha.ConfigurationReference.Resolved;
import dev.ha.Diagnosis;
import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code ha doctor}: does it work here, and if not, why. */
@Command(
        name = "doctor",
        description =
                "Checks configuration and backend step by step; holds an election among two processes for a moment.",
        footerHeading = "%n",
        footer = {
            "Uses an election of its own, ha-doctor-HOST; no other one is touched but by --repair.",
            "Exits with 1 if a step failed, with 2 if that step was the configuration."
        })
final class DoctorCommand implements Callable<Integer> {
    /** Without an election: every process leads, and followers are told what the configuration says. */
    private static final String NONE = "none";

    /** Whose elections don't go beyond one process. */
    private static final Set<String> WITHIN_ONE_PROCESS = Set.of(NONE, "embedded");

    @ParentCommand
    private Main main;

    @Option(names = "--json", description = "One JSON object for each step.")
    private boolean json;

    @Option(
            names = "--timeout",
            paramLabel = "D",
            defaultValue = "30 s",
            description = "How long one step may take. Default: ${DEFAULT-VALUE}.")
    private String timeout = "";

    @Option(
            names = "--repair",
            paramLabel = "NAME",
            description =
                    "Leads this election for a moment and removes blobs that no entry of its stores points to, as a "
                            + "leader leaves them that dies while it writes. May be given several times.")
    private List<String> repair = new ArrayList<>();

    @Option(
            names = "--grace",
            paramLabel = "D",
            defaultValue = "1 h",
            description = "With --repair: what is younger stays. Default: ${DEFAULT-VALUE}.")
    private String grace = "";

    @Override
    public Integer call() throws InterruptedException {
        Duration limit = DurationArgument.parse("--timeout", timeout);
        DurationArgument.parse("--grace", grace);
        DoctorReport report = new DoctorReport(main.output(), json);
        try {
            examine(report, limit);
        } catch (DoctorReport.StepFailed failed) {
            return Main.isMisuse(failed.getCause()) ? Main.MISUSED : Main.FAILED;
        }
        return report.hasFailures() ? Main.FAILED : 0;
    }

    private void examine(DoctorReport report, Duration limit) throws DoctorReport.StepFailed, InterruptedException {
        String wrong = "correct what the message names; 'ha --help' tells where the configuration comes from";
        Map<String, Object> configuration = report.step(
                "configuration is readable",
                wrong,
                () -> main.configuration().load(),
                found -> "keys given: " + found.size());
        Resolved resolved = report.step(
                "configuration is valid",
                wrong,
                () -> ConfigurationReference.resolve(configuration, null),
                found -> "mode " + found.mode() + ", " + found.factoryClass());
        resolved.settings().forEach(report::setting);
        HighAvailabilityServices services =
                report.step("backend starts", wrong, () -> HighAvailability.create(configuration), found -> "");
        try (services) {
            for (Diagnosis diagnosis : services.diagnose()) {
                report.add(diagnosis);
            }
            DoctorProbe probe = new DoctorProbe(services, report, limit);
            if (WITHIN_ONE_PROCESS.contains(resolved.mode())) {
                probe.alone(!resolved.mode().equals(NONE));
            } else {
                probe.withSecondProcess(main.configuration().asArguments());
            }
            for (String election : repair) {
                repair(services, election, report, limit);
            }
        }
    }

    private void repair(HighAvailabilityServices services, String election, DoctorReport report, Duration limit)
            throws DoctorReport.StepFailed, InterruptedException {
        report.step(
                "remove orphaned blobs of " + election,
                "stop its leader for the time of the repair; an entry that can't be read is removed by 'ha store rm'",
                () -> BriefLeadership.during(services, election, limit, leadership -> services.stores(election)
                        .removeOrphans(leadership, DurationArgument.parse("--grace", grace))),
                files -> files.isEmpty() ? "none" : String.join(", ", files));
    }
}
