package dev.ha.cli;

import dev.ha.alert.AlertSink;
import dev.ha.alert.LeaderChange;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@code --exec}: a shell command for each alert. What strangers have published gets to it by the environment only, so
 * that nothing of it is ever read as a command.
 */
final class CommandSink implements AlertSink {
    /** The standard output is for events, so the command's goes where its errors go. */
    private static final String TO_ERRORS = "exec /bin/sh -c \"$1\" >&2";

    private final String command;
    private final Duration limit;

    /** {@code limit} is how long the command may run. */
    CommandSink(String command, Duration limit) {
        this.command = command;
        this.limit = limit;
    }

    @Override
    public void deliver(LeaderChange change) throws Failure, IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", TO_ERRORS, "sh", command)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(Redirect.INHERIT)
                .redirectError(Redirect.INHERIT);
        fill(builder.environment(), change);
        Process process = builder.start();
        boolean ended = false;
        try {
            ended = process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
        } finally {
            if (!ended) {
                List<ProcessHandle> started = process.descendants().toList();
                process.destroyForcibly();
                started.forEach(ProcessHandle::destroyForcibly);
            }
        }
        if (!ended) {
            throw new Failure("--exec has been killed, as it ran for longer than " + DurationArgument.show(limit));
        }
        if (process.exitValue() != 0) {
            throw new Failure("--exec has ended with exit code " + process.exitValue());
        }
    }

    /** All fields; a secret of this process is not for the command. */
    private static void fill(Map<String, String> environment, LeaderChange change) {
        AlertOptions.SECRETS.forEach(environment::remove);
        change.fields().forEach((name, value) -> environment.put(variable(name), text(value)));
    }

    /** {@code oldAddress} is {@code HA_OLD_ADDRESS}. */
    static String variable(String field) {
        return "HA_" + field.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
    }

    /** Empty for what is not there; without the one character that an environment can't hold. */
    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString().replace("\0", "");
    }
}
