package dev.ha.tck;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** A run of the TCK inside a test, on a backend that may be wrong. */
final class TckRun implements TestExecutionListener {
    private static final ThreadLocal<Supplier<HighAvailabilityFixture>> FIXTURE = new ThreadLocal<>();

    private final Map<String, List<String>> failures = new TreeMap<>();
    private int passed;
    private int aborted;

    private TckRun() {}

    /** Not run by Surefire, as its name is not that of a test. */
    static final class Subject extends BackendContract {
        @Override
        protected HighAvailabilityFixture createFixture() {
            return FIXTURE.get().get();
        }
    }

    /** Runs the tests that are {@code wanted}, on this thread. */
    static TckRun of(
            Supplier<HighAvailabilityFixture> fixture, Predicate<Method> wanted, TestExecutionListener... listeners) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(Subject.class))
                .filters((PostDiscoveryFilter) test -> FilterResult.includedIf(isWanted(test, wanted)))
                .build();
        TckRun run = new TckRun();
        FIXTURE.set(fixture);
        try {
            LauncherFactory.create(LauncherConfig.builder()
                            .enableTestExecutionListenerAutoRegistration(false)
                            .build())
                    .execute(
                            request,
                            Stream.concat(Stream.of(run), Stream.of(listeners)).toArray(TestExecutionListener[]::new));
        } finally {
            FIXTURE.remove();
        }
        return run;
    }

    private static boolean isWanted(TestDescriptor test, Predicate<Method> wanted) {
        return !test.isTest() || method(test.getSource()).filter(wanted).isPresent();
    }

    private static Optional<Method> method(Optional<TestSource> source) {
        return source.filter(MethodSource.class::isInstance).map(found -> ((MethodSource) found).getJavaMethod());
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        String rule = method(test.getSource())
                .map(method -> method.getAnnotation(Rule.class).value())
                .orElse("");
        switch (result.getStatus()) {
            case SUCCESSFUL -> passed += test.isTest() ? 1 : 0;
            case ABORTED -> aborted++;
            case FAILED ->
                failures.computeIfAbsent(rule, unused -> new ArrayList<>())
                        .add(test.getDisplayName() + "\n"
                                + result.getThrowable().map(Throwable::toString).orElse(""));
        }
    }

    /** Messages of the tests that failed, by rule; those of the class itself have none. */
    Map<String, List<String>> failures() {
        return failures;
    }

    int passed() {
        return passed;
    }

    int aborted() {
        return aborted;
    }
}
