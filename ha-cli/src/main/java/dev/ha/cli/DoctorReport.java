package dev.ha.cli;

import dev.ha.ConfigurationReference.Setting;
import dev.ha.Diagnosis;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;

/** The steps of {@code ha doctor}, written as they are done, each with the time it took. */
final class DoctorReport {
    /** A step without which the next ones make no sense. It is in the report already. */
    static final class StepFailed extends Exception {
        private static final long serialVersionUID = 1L;

        StepFailed(Throwable cause) {
            super(cause);
        }
    }

    private final Output output;
    private final boolean json;
    private boolean failed;

    DoctorReport(Output output, boolean json) {
        this.output = output;
        this.json = json;
    }

    /**
     * Does one step.
     *
     * @param remedy what to do if it fails
     * @param detail what to say of its result
     */
    <T> T step(String name, String remedy, Callable<T> action, Function<T, String> detail)
            throws StepFailed, InterruptedException {
        long began = System.nanoTime();
        try {
            T result = action.call();
            add(new Diagnosis(name, true, detail.apply(result), "", since(began)));
            return result;
        } catch (InterruptedException interrupted) {
            throw interrupted;
        } catch (Exception failure) {
            Throwable cause =
                    failure instanceof ExecutionException && failure.getCause() != null ? failure.getCause() : failure;
            add(new Diagnosis(name, false, Failure.reason(cause), remedy, since(began)));
            throw new StepFailed(cause);
        }
    }

    /** The outcome of a step. */
    void add(Diagnosis step) {
        failed |= !step.passed();
        if (json) {
            output.event(
                    Event.of("step")
                            .with("step", step.check())
                            .with("passed", step.passed())
                            .with("detail", step.detail())
                            .with("remedy", step.passed() ? null : step.remedy())
                            .with("millis", Math.round(step.took().toNanos() / 1e3) / 1e3),
                    true);
            return;
        }
        String millis = String.format(Locale.ROOT, "%.1f ms", step.took().toNanos() / 1e6);
        output.line(Event.printable(String.format(
                        "%-4s  %-40s %12s  %s", step.passed() ? "ok" : "FAIL", step.check(), millis, step.detail())
                .stripTrailing()));
        if (!step.passed()) {
            output.line(Event.printable("      remedy: " + step.remedy()));
        }
    }

    /** A value in use; the library has masked what is secret. */
    void setting(Setting setting) {
        String source = setting.source().name().toLowerCase(Locale.ROOT);
        if (json) {
            output.event(
                    Event.of("setting")
                            .with("key", setting.name())
                            .with("value", setting.value())
                            .with("source", source),
                    true);
        } else {
            output.line(Event.printable("      " + setting.name() + " = " + setting.value() + "  (" + source + ")"));
        }
    }

    boolean hasFailures() {
        return failed;
    }

    private static Duration since(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
