package dev.ha.tck;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Writes a table of all rules for every {@link BackendContract} that was run, as text and as Markdown, to {@value #DEFAULT_DIRECTORY} or where the system property
 * {@value #DIRECTORY} says. JUnit finds it by itself once ha-tck is on the class path.
 *
 * <p>A table is named after its test class, without {@code TckTest}: that of {@code FileTckTest} is {@code file.md}. Surefire's own reports can't serve, since they
 * book inherited tests under the class that declares them, the same one for all backends.
 */
public final class ConformanceListener implements TestExecutionListener {
    /** Name of the system property for the directory of the tables. */
    public static final String DIRECTORY = "ha.tck.conformance.dir";

    private static final String DEFAULT_DIRECTORY = "target/conformance";

    private final Map<String, Conformance> backends = new ConcurrentHashMap<>();

    /** For JUnit. */
    public ConformanceListener() {}

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        booked(test).ifPresent(booking -> {
            String message = result.getThrowable()
                    .map(thrown -> Optional.ofNullable(thrown.getMessage()).orElse(thrown.toString()))
                    .orElse("");
            switch (result.getStatus()) {
                case SUCCESSFUL -> booking.conformance.passed(booking.rule);
                case ABORTED -> booking.conformance.aborted(booking.rule, message);
                case FAILED -> booking.conformance.failed(booking.rule, booking.method + ": " + message);
            }
        });
        if (result.getStatus() == TestExecutionResult.Status.FAILED && test.isContainer()) {
            // A fixture that can't be created fails the class and runs no test; its table must not look complete.
            contract(test)
                    .ifPresent(conformance -> conformance.broken(
                            String.valueOf(result.getThrowable().orElse(null))));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        booked(test).ifPresent(booking -> booking.conformance.aborted(booking.rule, "skipped: " + reason));
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        backends.forEach((name, conformance) -> {
            Path directory = Path.of(System.getProperty(DIRECTORY, DEFAULT_DIRECTORY));
            try {
                Files.createDirectories(directory);
                Files.writeString(directory.resolve(name + ".md"), conformance.markdown());
                Files.writeString(directory.resolve(name + ".txt"), conformance.text());
            } catch (IOException e) {
                throw new UncheckedIOException("the conformance table of " + name + " could not be written", e);
            }
            System.out.println(conformance.summary() + "; see " + directory.resolve(name + ".md"));
        });
        backends.clear();
    }

    private record Booking(Conformance conformance, String rule, String method) {}

    private Optional<Booking> booked(TestIdentifier test) {
        return test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(source -> ((MethodSource) source).getJavaMethod())
                .flatMap(method -> booked(test, method));
    }

    private Optional<Booking> booked(TestIdentifier test, Method method) {
        Rule rule = method.getAnnotation(Rule.class);
        return rule == null
                ? Optional.empty()
                : contract(test).map(conformance -> new Booking(conformance, rule.value(), method.getName()));
    }

    /** The table of the class in which the test was run, not of the one that declares it. */
    private Optional<Conformance> contract(TestIdentifier test) {
        return test.getUniqueIdObject().getSegments().stream()
                .filter(segment -> segment.getType().equals("class"))
                .map(UniqueId.Segment::getValue)
                .findFirst()
                .filter(ConformanceListener::isContract)
                .map(type -> backends.computeIfAbsent(
                        name(type),
                        name -> new Conformance(name, type, BackendContract.SPEC, BackendContract.rules())));
    }

    private static boolean isContract(String type) {
        try {
            ClassLoader loader = Thread.currentThread().getContextClassLoader();
            return BackendContract.class.isAssignableFrom(Class.forName(type, false, loader));
        } catch (ClassNotFoundException notInThisProcess) {
            return false;
        }
    }

    /** {@code a.b.MyStoreTckTest} is {@code my-store}. */
    static String name(String type) {
        String simple = type.substring(Math.max(type.lastIndexOf('.'), type.lastIndexOf('$')) + 1);
        String base = simple.replaceFirst("(Tck)?Test$", "");
        String words = (base.isEmpty() ? simple : base).replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-");
        return words.toLowerCase(Locale.ROOT);
    }
}
