package dev.ha.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.USE_JAVA_UTIL_LOGGING;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.ha.ConfigurationReference;
import dev.ha.HighAvailability;
import dev.ha.LeaderContender;
import dev.ha.alert.LeaderChangeMonitor;
import dev.ha.alert.Webhook;
import java.time.Instant;

/**
 * The structure of all modules, checked in the one module that has them all on its class path. When a rule fails, see
 * "Architecture rules" in CONTRIBUTING.md.
 */
@AnalyzeClasses(packages = "dev.ha", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {

    /** What a user sees and where the engine begins: the only ways from the API into the engine. */
    private static final Class<?>[] ENTRY_POINTS = {
        HighAvailability.class,
        ConfigurationReference.class,
        LeaderContender.class,
        LeaderChangeMonitor.class,
        Webhook.class
    };

    private static final String[] BACKENDS = {
        "dev.ha.standalone..", "dev.ha.zookeeper..", "dev.ha.etcd..", "dev.ha.kubernetes.."
    };

    /** Programs, which put backends to use. */
    private static final String[] PROGRAMS = {"dev.ha.cli..", "dev.ha.bench.."};

    /** Programs and tests: they run in real time. */
    private static final String[] REAL_TIME = {"dev.ha.tck..", "dev.ha.cli..", "dev.ha.bench.."};

    /** Read the machine's clocks, the first for all others; real threads idle in real time; what stands in for the engine in tests has no other. */
    private static final String CLOCKS =
            "dev\\.ha\\.(core\\.(JvmPlatform|ElasticExecutor)|tck\\.support\\.Test(Context|Candidacy))(\\$.*)?";

    /** A process of its own that speaks to its parent, and the summary for whoever runs the tests of a backend. */
    private static final String SPEAKERS = "dev\\.ha\\.tck\\.(ChildMain|ConformanceListener)(\\$.*)?";

    @ArchTest
    static final ArchRule userApiDoesNotKnowTheSpi = noClasses()
            .that()
            .resideInAPackage("dev.ha")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.ha.spi..")
            .because("a user never meets a backend's types, so that these can change without breaking users");

    @ArchTest
    static final ArchRule onlyEntryPointsReachTheEngine = noClasses()
            .that(not(resideInAPackage("dev.ha.core..")).and(not(belongToAnyOf(ENTRY_POINTS))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.ha.core..")
            .because("dev.ha.core is not exported; whoever needs it would break on the module path");

    @ArchTest
    static final ArchRule onlyProgramsKnowBackends = noClasses()
            .that(not(resideInAnyPackage(BACKENDS)).and(not(resideInAnyPackage(PROGRAMS))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(BACKENDS)
            .because("backends are found by name; the library works without any given one");

    @ArchTest
    static final ArchRule micrometerIsOptional = noClasses()
            .that(not(resideInAPackage("dev.ha.metrics..")).and(not(resideInAnyPackage(PROGRAMS))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.micrometer..", "dev.ha.metrics..")
            .because("the library works without Micrometer on the class path");

    @ArchTest
    static final ArchRule wallClockIsReadInOnePlace = noClasses()
            .that()
            .haveNameNotMatching(CLOCKS)
            .should()
            .accessTargetWhere(target(System.class, "currentTimeMillis").or(target(Instant.class, "now")))
            .because("steps of a wall clock must never make a handle valid (rule 1.10), and tests set the time");

    @ArchTest
    static final ArchRule timeIsReadInOnePlace = noClasses()
            .that()
            .haveNameNotMatching(CLOCKS)
            .and()
            .resideOutsideOfPackages(REAL_TIME)
            .should()
            .accessTargetWhere(target(System.class, "nanoTime"))
            .because(
                    "the engine and its backends take the time from their context, so that all of it can be simulated");

    @ArchTest
    static final ArchRule nobodySleeps = noClasses()
            .should()
            .accessTargetWhere(target(Thread.class, "sleep"))
            .because("waiting is a timer of the context or a condition: a sleep can't be woken, closed or simulated");

    @ArchTest
    static final ArchRule namesSayWhatATypeIs = noClasses()
            .should()
            .haveSimpleNameEndingWith("Impl")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Utils")
            .orShould()
            .haveSimpleNameEndingWith("Manager")
            .because("such a name says that the type has no job of its own");

    @ArchTest
    static final ArchRule logsGoToSlf4j =
            noClasses().should(USE_JAVA_UTIL_LOGGING).because("the application chooses where logs go, through SLF4J");

    @ArchTest
    static final ArchRule standardStreamsBelongToTheApplication = noClasses()
            .that()
            .haveNameNotMatching(SPEAKERS)
            .should(ACCESS_STANDARD_STREAMS)
            .because("a library logs; the command writes through picocli, which tests can read");

    private ArchitectureTest() {}

    private static DescribedPredicate<JavaAccess<?>> target(Class<?> owner, String member) {
        return DescribedPredicate.describe(
                owner.getSimpleName() + "." + member,
                access -> access.getTargetOwner().isEquivalentTo(owner)
                        && access.getTarget().getName().equals(member));
    }
}
