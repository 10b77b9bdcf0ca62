package dev.ha.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The wish that a command which runs until told otherwise ends now: SIGTERM, SIGINT, SIGHUP, or nobody left to read
 * what it writes.
 */
final class Stop {
    private final CompletableFuture<Void> asked = new CompletableFuture<>();

    private Stop() {}

    /** Takes the signals from the JVM, which would exit with 143 and leave the rest to hooks. */
    static Stop onSignalsAndEndOf(Output output) {
        Stop stop = new Stop();
        for (String signal : new String[] {"TERM", "INT", "HUP"}) {
            Signals.handle(signal, stop::ask);
        }
        output.failure().thenRun(stop::ask);
        return stop;
    }

    /**
     * Also when the standard input ends: a child stops with the parent that holds the other end, however that one ends.
     */
    void atEndOfInput() {
        Thread reader = new Thread(
                () -> {
                    try (InputStream input = new FileInputStream(FileDescriptor.in)) {
                        input.transferTo(OutputStream.nullOutputStream());
                    } catch (IOException unreadable) {
                        // is an end as well
                    }
                    ask();
                },
                "end-of-input");
        reader.setDaemon(true);
        reader.start();
    }

    void ask() {
        asked.complete(null);
    }

    boolean isAsked() {
        return asked.isDone();
    }

    /** Waits until it is wished, for {@code limit} at most; true if it is. */
    boolean await(Duration limit) throws InterruptedException {
        try {
            asked.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
        return true;
    }

    /** Waits until it is wished. */
    void await() throws InterruptedException {
        try {
            asked.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
