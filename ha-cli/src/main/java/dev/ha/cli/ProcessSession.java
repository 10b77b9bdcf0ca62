package dev.ha.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a command started: the processes of its session, which they leave by {@code setsid} only, whatever process
 * groups they make.
 *
 * @param id of the session, which is the id of its first process and of that one's process group
 */
record ProcessSession(long id) {
    private static final long LOOK_AGAIN = TimeUnit.MILLISECONDS.toNanos(5);

    boolean isEmpty() {
        return ProcessStat.runningIn(id).isEmpty();
    }

    /** Sends {@code signal}, such as {@code TERM}, to the command's own process group, as a terminal would. */
    void signal(String signal) {
        send(signal, List.of(id));
    }

    /** Asks all processes to end, also those that are stopped. */
    void terminate() {
        List<Long> groups = groups(ProcessStat.runningIn(id));
        send("TERM", groups);
        send("CONT", groups);
    }

    /** Kills all processes; they are gone soon, see {@link #isEmpty()}. */
    void kill() {
        // A whole group at once, which can't outrun it by forking; then one by one, which needs no process to be
        // started.
        send("KILL", groups(ProcessStat.runningIn(id)));
        ProcessStat.runningIn(id)
                .forEach(process -> ProcessHandle.of(process.pid()).ifPresent(ProcessHandle::destroyForcibly));
    }

    /** Kills all processes and waits until they are gone. */
    void killAndWait() {
        do {
            kill();
            LockSupport.parkNanos(LOOK_AGAIN);
        } while (!isEmpty());
    }

    private List<Long> groups(List<ProcessStat> processes) {
        return processes.stream().map(ProcessStat::group).distinct().toList();
    }

    private static void send(String signal, List<Long> groups) {
        if (groups.isEmpty()) {
            return;
        }
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "kill -s \"$0\" -- \"$@\"", signal));
        groups.forEach(group -> command.add("-" + group));
        try {
            // A failure is that of a group that has ended meanwhile.
            new ProcessBuilder(command)
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException failed) {
            Log.LOG.warn("can't send SIG{} to the process groups {}: {}", signal, groups, failed.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Log {
        static final Logger LOG = LoggerFactory.getLogger(ProcessSession.class);
    }
}
