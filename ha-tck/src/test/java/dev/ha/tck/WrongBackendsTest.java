package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderRetrievalService;
import dev.ha.alert.LeaderChange;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** All backends in this file are wrong. Each breaks one rule, and the TCK says which. */
@Tag("once")
class WrongBackendsTest {
    /** Runs all tests on each wrong backend, and not only those of its rule and a few others; takes a quarter of an hour. */
    private static final boolean ALL = "all".equals(System.getProperty("ha.tck.wrong"));

    private static final int AT_A_TIME = 5;
    private static final String IMPATIENCE = "0.25";

    private static final Set<String> CANARIES =
            Set.of("soleContenderLeads", "confirmedIsSeen", "creationIsConditional");

    private static final Set<Class<?>> COSTLY = Set.of(
            ProcessContract.class,
            ServerContract.class,
            StoreProcessContract.class,
            HeldWriteContract.class,
            AlertContract.class);

    /**
     * A wrong backend.
     *
     * @param rule the one it breaks
     * @param name what is wrong with it
     * @param says what a failure must say; several with a bar between them where one of several tests may find it first
     * @param also rules that can't hold when that one is broken
     */
    private record Wrong(
            String rule, String name, String says, Set<String> also, Supplier<HighAvailabilityFixture> fixture) {
        Wrong with(String... consequences) {
            return new Wrong(rule, name, says, Set.of(consequences), fixture);
        }
    }

    private static Wrong server(String rule, Supplier<ReferenceServer> server, String says) {
        ReferenceServer named = server.get();
        return new Wrong(
                rule,
                named.getClass().getSimpleName(),
                says,
                Set.of(),
                () -> new ReferenceFixture(server.get(), "reference"));
    }

    private static Wrong client(String rule, Class<? extends ReferenceBackendFactory> client, String says) {
        return both(rule, ReferenceServer::new, client, says);
    }

    private static Wrong both(
            String rule,
            Supplier<ReferenceServer> server,
            Class<? extends ReferenceBackendFactory> client,
            String says) {
        return new Wrong(
                rule,
                client.getSimpleName(),
                says,
                Set.of(),
                () -> new ReferenceFixture(server.get(), client.getName()));
    }

    private static Wrong services(
            String rule, String name, Function<HighAvailabilityServices, HighAvailabilityServices> wrong, String says) {
        return engine(rule, name, builder -> wrong.apply(builder.build()), says);
    }

    private static Wrong engine(
            String rule, String name, Function<HighAvailability.Builder, HighAvailabilityServices> wrong, String says) {
        return new Wrong(rule, name, says, Set.of(), () -> new ReferenceFixture(new ReferenceServer(), "reference") {
            @Override
            public HighAvailabilityServices services(HighAvailability.Builder builder) {
                return wrong.apply(builder);
            }
        });
    }

    private static Wrong monitor(String rule, String name, WrongMonitors.Maker wrong) {
        return new Wrong(
                rule,
                name,
                "exactly the alerts|HISTORY_RESET",
                Set.of(),
                () -> new ReferenceFixture(new ReferenceServer(), "reference") {
                    @Override
                    public AutoCloseable monitor(
                            LeaderRetrievalService follower, Duration grace, Consumer<LeaderChange> alerts) {
                        return wrong.make(follower, grace, alerts);
                    }
                });
    }

    private static Stream<Wrong> wrongBackends() {
        return Stream.of(
                client("1.1", WrongClients.LeadsFromTheQueue.class, "both valid|at most one of four contenders leads")
                        .with("1.2", "1.3", "1.5", "3.7", "6.12"),
                server("1.2", WrongServers.ForgetsTokens::new, "a larger token").with("1.7", "1.9"),
                client("1.3", WrongClients.BelievesInALongerLease.class, "both valid")
                        .with("1.8", "9.4", "9.7"),
                services("1.4", "runsAlways", WrongServices::runsAlways, "refuses"),
                server("1.5", WrongServers.DoesNotFenceWrites::new, "superseded")
                        .with("6.2", "6.12"),
                services("1.6", "revives", WrongServices::revives, "stay invalid")
                        .with("1.1", "1.2", "1.4", "1.9", "2.4", "3.7", "9.4", "9.5", "9.7"),
                client("1.7", WrongClients.NoticesRemovalLate.class, "does the driver watch its own lock?"),
                client("1.8", WrongClients.CountsFromTheAnswer.class, "is sentAt taken before"),
                client("1.9", WrongClients.OneSessionIdForAll.class, "a session id that was not granted before")
                        .with("3.6", "5.5"),
                client("2.1", WrongClients.NeverRenews.class, "the lease is renewed")
                        .with("3.3"),
                server("2.2", WrongServers.LosesTheOneBehind::new, "one of those who still wait leads"),
                server("2.3", WrongServers.NeverExpires::new, "standby leads").with("1.3", "2.9", "4.3", "7.2"),
                client("2.4", WrongClients.GivesUp.class, "a leads"),
                server("2.5", WrongServers.TiresOfContenders::new, "one of those who stayed leads")
                        .with("3.2"),
                client("2.6", WrongClients.SilentAtFirst.class, "told to handleError"),
                client("2.7", WrongClients.LeavesOrphans.class, "leads").with("2.2", "2.5", "3.2"),
                client("2.8", WrongClients.LeadsWithoutDeadline.class, "by the deadline")
                        .with("1.3", "1.6", "1.8", "2.4", "2.9", "9.4", "9.5", "9.7"),
                services("2.8", "losesLate", WrongServices::losesLate, "lost() completes")
                        .with("7.2"),
                client("2.9", WrongClients.ForgetsTheMany.class, "are not led"),
                services("3.1", "revokesTwice", WrongServices::revokesTwice, "alternate")
                        .with("3.4"),
                services("3.2", "revokesAfterClose", WrongServices::revokesAfterClose, "no callback starts")
                        .with("3.1", "3.4"),
                services("3.3", "callsOneByOne", WrongServices::callsOneByOne, "leads")
                        .with("3.4", "3.5"),
                services("3.4", "closesUnderItself", WrongServices::closesUnderItself, "returns"),
                services("3.5", "swallowsErrors", WrongServices::swallowsErrors, "reaches handleError")
                        .with("3.7"),
                services("3.6", "deliversStaleGrants", WrongServices::deliversStaleGrants, "superseded grant")
                        .with("3.1", "3.5", "3.7"),
                services("3.7", "doesNotWait", WrongServices::doesNotWait, "the lock is held")
                        .with("3.1", "3.5", "6.8"),
                client("4.1", WrongClients.PublishesAtOnce.class, "before it has confirmed")
                        .with("4.2", "5.1"),
                server("4.2", WrongServers.DoesNotFencePublications::new, "fails")
                        .with("4.6"),
                server("4.3", WrongServers.KeepsRecords::new, "neither records nor lock"),
                client("4.4", WrongClients.IgnoresItsRecords.class, "again").with("4.5"),
                client("4.4", WrongClients.PublishesInALoop.class, "again and again")
                        .with("4.1", "4.2", "4.3", "4.5", "4.6"),
                both(
                                "4.5",
                                WrongServers.DoesNotFencePublications::new,
                                WrongClients.TidiesUpAfterItsLoss.class,
                                "the present leader")
                        .with("4.2", "4.6"),
                server("4.6", WrongServers.CreatesAnew::new, "no records"),
                client("5.1", WrongClients.SilentWithoutElection.class, "None").with("3.3", "3.4", "5.3", "5.4"),
                client("5.1", WrongClients.ReadsItsCache.class, "does read() ask the authority itself"),
                client("5.2", WrongClients.TakesSilenceForAbsence.class, "Unknown")
                        .with("2.6", "2.8"),
                services("5.3", "tellsAfterClose", WrongServices::tellsAfterClose, "nothing is told"),
                client("5.4", WrongClients.WatchesOnce.class, "watched again"),
                client("5.5", WrongClients.SticksToItsHistory.class, "the leader of the new history")
                        .with("2.4"),
                client("5.6", WrongClients.TellsOldNewsFirst.class, "superseded before the reconnect"),
                server("6.1", WrongServers.DropsEntries::new, "acknowledged to the predecessor")
                        .with("1.5", "6.2", "6.8", "6.9", "6.13", "6.16", "6.17"),
                server("6.2", WrongServers.ForgetsTheFenceOfTheDeleted::new, "creation of what was deleted")
                        .with("1.5", "6.12"),
                server("6.3", WrongServers.CreationOverwrites::new, "creation of an entry that exists")
                        .with("6.17"),
                server("6.3", WrongServers.IgnoresVersions::new, "old version is a conflict")
                        .with("6.14", "6.17"),
                server("6.4", WrongServers.CountsVersionsPerEntry::new, "a version that was not there before"),
                client("6.5", WrongClients.TakesValuesForText.class, "and not as text"),
                server("6.6", WrongServers.FindsPrefixesAnywhere::new, "the names that begin with"),
                services("6.7", "takesAnyLeadership", WrongServices::takesAnyLeadership, "is refused")
                        .with("6.5"),
                services("6.8", "doesNotWait", WrongServices::doesNotWait, "a write in revokeLeadership")
                        .with("3.1", "3.5", "3.7"),
                server("6.9", WrongServers.ForgetsEntriesOfTheLastToLeave::new, "before all services closed")
                        .with("6.1"),
                services("6.11", "cutsLargeStates", WrongStores::cutsLargeStates, "the same")
                        .with("6.14"),
                server("6.12", WrongServers.DoesNotFenceWrites::new, "under a superseded grant is refused")
                        .with("1.5", "6.2"),
                both(
                                "6.12",
                                WrongServers.DoesNotFenceWrites::new,
                                WrongClients.LooksBeforeItWrites.class,
                                "what the successor has left")
                        .with("6.2"),
                services("6.13", "recoversNothing", WrongStores::recoversNothing, "does not recover")
                        .with("6.12"),
                services("6.14", "removesNothing", WrongStores::removesNothing, "no state after its removal"),
                services("6.15", "hidesDamage", WrongStores::hidesDamage, "told as corrupt"),
                services("6.16", "keepsOneMore", WrongStores::keepsOneMore, "the three newest"),
                services("6.17", "countsInMemory", WrongStores::countsInMemory, "ten different ids")
                        .with("6.12", "7.4"),
                services("6.18", "takesEveryResult", WrongStores::takesEveryResult, "is a conflict")
                        .with("6.12", "7.4"),
                services("6.19", "tellsOfAdditionsOnly", WrongStores::tellsOfAdditionsOnly, "-before"),
                services("6.20", "cleansUpEverything", WrongStores::cleansUpEverything, "nothing of the job"),
                server(
                        "6.21",
                        WrongServers.StoresLater::new,
                        "as its last acknowledged write has left it|no state that can't be read|is refused"),
                server("6.22", WrongServers.DropsEntries::new, "a clean result of"),
                client("7.1", WrongClients.ConnectsAtOnce.class, "no connection before the first start"),
                services("7.2", "closesOnce", WrongServices::closesOnce, "a second close()"),
                client("7.3", WrongClients.MergesClusters.class, "leads"),
                services("7.4", "deletesNothing", WrongStores::deletesNothing, "nothing but the seal")
                        .with("6.12"),
                services("7.5", "seatsEverybody", WrongServices::seatsEverybody, "a second registration")
                        .with("8.2"),
                services("7.6", "alwaysWell", WrongServices::alwaysWell, "DOWN when the backend can't be reached")
                        .with("1.2"),
                services("7.6", "wellWithoutLease", WrongServices::wellWithoutLease, "DOWN when the backend can't"),
                services("7.6", "downAtOnce", WrongServices::downAtOnce, "DEGRADED while the handle was valid"),
                client("7.6", WrongClients.KeepsOutagesToItself.class, "DOWN as long as")
                        .with("2.6", "5.2"),
                engine("8.1", "isCurt", builder -> WrongServices.isCurt(builder::build), "a message that names"),
                client("8.1", WrongClients.ShowsItsPassword.class, "no error that shows"),
                client("8.2", WrongClients.MergesNames.class, "are names encoded one-to-one"),
                server("9.1", WrongServers.ForgetsTokens::new, "a larger token")
                        .with("1.2", "1.7", "1.9", "9.2", "9.4", "9.5", "9.7"),
                client("9.2", WrongClients.BelievesInALongerLease.class, "both valid")
                        .with("1.3", "1.8", "9.4", "9.7"),
                server("9.3", WrongServers.WakesUpInTheOldTerm::new, "both valid"),
                client("9.4", WrongClients.BelievesInALongerLease.class, "both valid")
                        .with("1.3", "1.8", "9.2", "9.7"),
                client("9.5", WrongClients.LeadsFromTheQueue.class, "both valid")
                        .with("1.1", "1.2", "1.3", "1.5", "3.7", "6.12", "9.1", "9.2", "9.4", "9.7"),
                server("9.6", WrongServers.RenewsWithoutTheOthers::new, "both valid"),
                client("9.7", WrongClients.BelievesInALongerLease.class, "both valid")
                        .with("1.3", "1.8", "9.2", "9.4"),
                client("9.9", WrongClients.SticksToItsHistory.class, "all followers see it")
                        .with("2.4", "5.5"),
                monitor("10.1", "comparesAddresses", WrongMonitors::comparesAddresses),
                monitor("10.2", "alertsOnEveryFlap", WrongMonitors::alertsOnEveryFlap),
                monitor("10.3", "waitsForNone", WrongMonitors::waitsForNone),
                monitor("10.4", "takesSilenceForAbsence", WrongMonitors::takesSilenceForAbsence),
                monitor("10.5", "believesWhatIsStale", WrongMonitors::believesWhatIsStale),
                monitor("10.6", "missesResets", WrongMonitors::missesResets));
    }

    private static final String FACTOR = System.getProperty(TckTimeouts.FACTOR, "1");

    /** They wait more than they work. */
    private final ExecutorService runs = Executors.newFixedThreadPool(AT_A_TIME);

    /** What a wrong backend never does need not be waited for as long as what a right one may do late. */
    @BeforeAll
    static void beImpatient() {
        System.setProperty(TckTimeouts.FACTOR, IMPATIENCE);
    }

    @AfterAll
    static void bePatientAgain() {
        System.setProperty(TckTimeouts.FACTOR, FACTOR);
    }

    @AfterEach
    void endRuns() {
        runs.shutdownNow();
    }

    @TestFactory
    Stream<DynamicTest> eachBreaksItsRule() {
        String only = System.getProperty("ha.tck.wrong.only", "");
        List<DynamicTest> tests = new ArrayList<>();
        wrongBackends()
                .filter(wrong -> (wrong.rule() + wrong.name()).contains(only))
                .forEach(wrong -> {
                    Future<TckRun> run =
                            runs.submit(() -> TckRun.of(wrong.fixture(), method -> isWanted(wrong, method)));
                    tests.add(DynamicTest.dynamicTest(
                            "rule " + wrong.rule() + ": " + wrong.name(), () -> judge(wrong, run.get())));
                });
        return tests.stream();
    }

    private static boolean isWanted(Wrong wrong, Method method) {
        String rule = method.getAnnotation(Rule.class).value();
        // What takes many rounds or processes is not run for rules that are proven wrong without it.
        boolean affordable = !COSTLY.contains(method.getDeclaringClass())
                || (rule.startsWith("9.") && wrong.rule().startsWith("9."))
                || rule.equals(wrong.rule());
        return affordable && (ALL || rule.equals(wrong.rule()) || CANARIES.contains(method.getName()));
    }

    private static void judge(Wrong wrong, TckRun run) {
        List<String> messages = run.failures().getOrDefault(wrong.rule(), List.of());
        assertThat(messages)
                .as("failures of rule %s on %s", wrong.rule(), wrong.name())
                .anySatisfy(message -> assertThat(message)
                        .contains("Rule " + wrong.rule() + " (", "expected:", "seen:", "check:")
                        .containsAnyOf(wrong.says().split("\\|")));
        Map<String, List<String>> others = new TreeMap<>(run.failures());
        others.remove(wrong.rule());
        others.keySet().removeAll(wrong.also());
        assertThat(others)
                .as("rules that failed on %s besides %s", wrong.name(), wrong.rule())
                .isEmpty();
    }
}
