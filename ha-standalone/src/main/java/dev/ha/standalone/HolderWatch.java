package dev.ha.standalone;

import dev.ha.standalone.LockFile.Seen;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What one driver knows of the holder of its election, without touching a lock of it. Not thread-safe. */
final class HolderWatch implements AutoCloseable {
    private final ProcessFiles processes;
    private final Runnable onChange;
    private @Nullable String process;

    /** {@code onChange} is run when the process that holds the lock has died. */
    HolderWatch(ProcessFiles processes, Runnable onChange) {
        this.processes = processes;
        this.onChange = onChange;
    }

    /** Looks at the holder of that grant: {@link Seen#UNCLEAR} if only its lock can tell. */
    Seen look(FileElection election, FileSeal seal) throws IOException {
        Seen here = LockFile.lookHere(election.holder(seal.token()));
        if (here != Seen.UNCLEAR) {
            close();
            return here;
        }
        if (!seal.process().equals(process)) {
            close();
            process = seal.process();
        }
        return switch (processes.look(seal.process(), onChange)) {
            case RUNS -> Seen.HELD;
            case DEAD -> Seen.FREE;
            case UNKNOWN -> Seen.UNCLEAR;
        };
    }

    @Override
    public void close() {
        if (process != null) {
            processes.forget(process, onChange);
            process = null;
        }
    }
}
