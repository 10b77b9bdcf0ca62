package dev.ha.cli;

import dev.ha.ConfigurationException;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code ha} command: what all of its subcommands share. */
@Command(
        name = "ha",
        description = "Highly available services: take part in elections, follow leaders, look into a backend.",
        synopsisHeading = "Usage: ",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nConfiguration:%n",
        footer = {
            "  -D goes before the environment, that before the file, that before the defaults.",
            "  The environment variable of a key is its name in upper case, with _ for . and -:",
            "  HIGH_AVAILABILITY_CLUSTER_ID. Without any configuration the mode is file:",
            "  elections among the processes of this machine.",
            "",
            "Exit codes: 0 fine, 1 failed at run time, 2 wrong usage or configuration,",
            "  3 no leader (ha leader); ha run: the command's own."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Main.ManifestVersion.class,
        subcommands = {
            ElectCommand.class,
            WatchCommand.class,
            LeaderCommand.class,
            RunCommand.class,
            StoreCommand.class,
            DoctorCommand.class,
            DemoCommand.class
        })
final class Main implements Runnable {
    static final int FAILED = 1;
    static final int MISUSED = 2;

    private final Output output;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions configuration;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log more to the standard error; twice for all.")
    private boolean[] verbose = new boolean[0];

    Main(Output output) {
        this.output = output;
    }

    public static void main(String[] args) {
        System.exit(execute(args));
    }

    private static int execute(String[] args) {
        Output output = Output.standard();
        Main main = new Main(output);
        CommandLine commandLine = new CommandLine(main)
                .setOut(output.asWriter())
                .setExpandAtFiles(false)
                .setUsageHelpWidth(100)
                .setExecutionStrategy(main::logThenExecute)
                .setParameterExceptionHandler(Main::misused)
                .setExecutionExceptionHandler(Main::failed);
        commandLine.getSubcommands().values().forEach(Main::addHelp);
        int code = commandLine.execute(args);
        try {
            output.check();
        } catch (Failure unwritable) {
            complain(commandLine, unwritable.getMessage());
            return code == 0 ? FAILED : code;
        }
        return code;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    Output output() {
        return output;
    }

    ConfigurationOptions configuration() {
        return configuration;
    }

    /** Services of the configuration that the user gave. */
    HighAvailabilityServices services() {
        return configuration.services();
    }

    /** One line for a person, on the standard error. */
    void tell(String line) {
        complain(spec.commandLine(), line);
    }

    private static void addHelp(CommandLine command) {
        command.getCommandSpec().mixinStandardHelpOptions(true);
        command.getSubcommands().values().forEach(Main::addHelp);
    }

    /** The log reads its level from system properties, once, at its first use; none is in use before. */
    private int logThenExecute(ParseResult parsed) {
        String level =
                switch (verbose.length) {
                    case 0 -> "warn";
                    case 1 -> "info";
                    default -> "debug";
                };
        Map.of(
                        "defaultLogLevel",
                        level,
                        "showDateTime",
                        "true",
                        "dateTimeFormat",
                        "HH:mm:ss.SSS",
                        "showThreadName",
                        "false")
                .forEach((name, value) -> {
                    String property = "org.slf4j.simpleLogger." + name;
                    if (System.getProperty(property) == null) {
                        System.setProperty(property, value);
                    }
                });
        SLF4JBridgeHandler.removeHandlersForRootLogger(); // gRPC logs to the JDK's own, and is talkative
        SLF4JBridgeHandler.install();
        return new CommandLine.RunLast().execute(parsed);
    }

    private static int misused(ParameterException wrong, String[] args) {
        CommandLine command = wrong.getCommandLine();
        complain(command, wrong.getMessage());
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return MISUSED;
    }

    private static int failed(Exception failure, CommandLine command, ParseResult parsed) {
        if (failure instanceof ParameterException wrong) {
            return misused(wrong, new String[0]);
        }
        if (isMisuse(failure)) {
            complain(command, failure.getMessage());
            return MISUSED;
        }
        if (failure instanceof Failure || failure instanceof HighAvailabilityException) {
            complain(command, failure.getMessage());
            LoggerFactory.getLogger(Main.class).info("The reason", failure);
        } else {
            complain(command, "failed unexpectedly: " + failure + " (this is a bug; -v shows where)");
            LoggerFactory.getLogger(Main.class).info("The unexpected failure", failure);
        }
        return FAILED;
    }

    /** Whether the user has to change something that was given to this command. */
    static boolean isMisuse(@Nullable Throwable failure) {
        return failure instanceof Misuse || failure instanceof ConfigurationException;
    }

    private static void complain(CommandLine command, @Nullable String message) {
        command.getErr().println("ha: " + Event.printable(String.valueOf(message)));
        command.getErr().flush();
    }

    /** The version that the build wrote into the jar. */
    static final class ManifestVersion implements IVersionProvider {

        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {
                "ha " + (version == null ? "(not packaged)" : version) + " on Java "
                        + Runtime.version().feature()
            };
        }
    }
}
