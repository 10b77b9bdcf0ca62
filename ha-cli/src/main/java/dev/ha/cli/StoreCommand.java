package dev.ha.cli;

import dev.ha.HighAvailabilityServices;
import dev.ha.store.HighAvailabilityStores;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ha store}: what the stores of an election hold. */
@Command(
        name = "store",
        description = "Looks into the stores of an election.",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%n",
        footer = {
            "An entry is named as 'ha store ls' shows it. Names below .ha/ are those of the stores:",
            ".ha/job-graphs/JOB, .ha/checkpoints/JOB/ID, .ha/job-results/JOB and so on,",
            "in which a slash of a name is %%2F."
        },
        subcommands = {StoreCommand.Ls.class, StoreCommand.Get.class, StoreCommand.Rm.class})
final class StoreCommand implements Runnable {
    private static final int NOTHING = 1;

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    /** What all of them are told. */
    abstract static class OnStores implements Callable<Integer> {
        @ParentCommand
        private StoreCommand store;

        @Parameters(index = "0", paramLabel = "ELECTION", description = "Name of the election.")
        private String election = "";

        @Option(
                names = "--timeout",
                paramLabel = "D",
                defaultValue = "30 s",
                description = "How long to wait, such as 5s or 500ms. Default: ${DEFAULT-VALUE}.")
        private String timeout = "";

        @Override
        public final Integer call() throws Failure, InterruptedException {
            Duration limit = DurationArgument.parse("--timeout", timeout);
            try (HighAvailabilityServices services = store.main.services()) {
                return on(services, Elections.named(election, services::stores), limit);
            }
        }

        abstract int on(HighAvailabilityServices services, HighAvailabilityStores stores, Duration limit)
                throws Failure, InterruptedException;

        final Output output() {
            return store.main.output();
        }

        final void tell(String line) {
            store.main.tell(line);
        }
    }

    /** {@code ha store ls}. */
    @Command(name = "ls", description = "Lists all entries, as last committed; needs no leadership.")
    static final class Ls extends OnStores {
        @Parameters(index = "1", arity = "0..1", paramLabel = "PREFIX", description = "What their names begin with.")
        private String prefix = "";

        @Option(names = "--json", description = "One JSON object for each entry.")
        private boolean json;

        @Override
        int on(HighAvailabilityServices services, HighAvailabilityStores stores, Duration limit)
                throws Failure, InterruptedException {
            Set<String> names = Answers.of(stores.entries().names(prefix), limit, "the backend");
            names.stream().sorted().forEach(name -> {
                if (json) {
                    output().event(Event.of("entry").with("entry", name), true);
                } else {
                    output().line(Event.printable(name));
                }
            });
            return 0;
        }
    }

    /** {@code ha store get}. */
    @Command(
            name = "get",
            description = {
                "Writes the value of an entry, from its blob if it points to one; needs no leadership.",
                "Exits with 1 when there is none."
            })
    static final class Get extends OnStores {
        @Parameters(index = "1", paramLabel = "ENTRY", description = "Name of the entry.")
        private String entry = "";

        @Override
        int on(HighAvailabilityServices services, HighAvailabilityStores stores, Duration limit)
                throws Failure, InterruptedException {
            Optional<InputStream> found = Answers.of(Elections.named(entry, stores::read), limit, "the backend");
            if (found.isEmpty()) {
                tell("there is no value of " + entry);
                return NOTHING;
            }
            try (InputStream value = found.get()) {
                output().copy(value);
            } catch (IOException damaged) {
                throw new Failure("the value of " + entry + " can't be read: " + damaged.getMessage());
            }
            return 0;
        }
    }

    /** {@code ha store rm}. */
    @Command(
            name = "rm",
            description = {
                "Removes an entry, and the blob that it points to. Contends for the leadership, waits for it at most for the"
                        + " timeout, and gives it up at once.",
                "A result of a job that is removed lets that job run again."
            })
    static final class Rm extends OnStores {
        @Parameters(index = "1", paramLabel = "ENTRY", description = "Name of the entry.")
        private String entry = "";

        @Override
        int on(HighAvailabilityServices services, HighAvailabilityStores stores, Duration limit)
                throws Failure, InterruptedException {
            if (Answers.of(Elections.named(entry, name -> stores.entries().get(name)), limit, "the backend")
                    .isEmpty()) {
                tell("there is no entry " + entry);
                return NOTHING;
            }
            BriefLeadership.during(
                    services,
                    stores.election(),
                    limit,
                    leadership -> Elections.named(entry, name -> stores.remove(leadership, name)));
            return 0;
        }
    }
}
