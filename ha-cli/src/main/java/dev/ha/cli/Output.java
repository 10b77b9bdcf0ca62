package dev.ha.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The standard output: lines, each written whole and at once, so that a reader at the other end of a pipe sees it now.
 * When nobody can read any more, that is told once and later lines are dropped. Thread-safe.
 */
final class Output {
    private final OutputStream stream;
    private final Clock clock;
    private final CompletableFuture<IOException> failure = new CompletableFuture<>();

    Output(OutputStream stream, Clock clock) {
        this.stream = stream;
        this.clock = clock;
    }

    /** Of this process. Not {@code System.out}, which swallows that its reader is gone. */
    static Output standard() {
        return new Output(new FileOutputStream(FileDescriptor.out), Clock.systemUTC());
    }

    /** True when a person may be looking. {@code System.console()} would not say so on every JDK. */
    static boolean isTerminal() {
        try {
            return new ProcessBuilder("sh", "-c", "test -t 1")
                            .inheritIO()
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException noShell) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void line(String text) {
        write(text + "\n");
    }

    /** A line about {@code event}, with the present time. */
    void event(Event event, boolean json) {
        synchronized (this) {
            // Under the lock, so that lines are in the order of their times.
            line(event.line(clock.instant(), json));
        }
    }

    /** As it stands, without an end of line. */
    synchronized void write(String text) {
        if (failure.isDone()) {
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        write(bytes, bytes.length);
    }

    /** All of {@code bytes} as they are. */
    void copy(InputStream bytes) throws IOException {
        byte[] block = new byte[8192];
        for (int length = bytes.read(block); length >= 0 && !failure.isDone(); length = bytes.read(block)) {
            write(block, length);
        }
    }

    private synchronized void write(byte[] bytes, int length) {
        try {
            stream.write(bytes, 0, length);
            stream.flush();
        } catch (IOException unwritable) {
            failure.complete(unwritable);
        }
    }

    /** The same, for whoever wants a writer. */
    PrintWriter asWriter() {
        return new PrintWriter(
                new Writer() {
                    @Override
                    public void write(char[] buffer, int from, int length) {
                        Output.this.write(new String(buffer, from, length));
                    }

                    @Override
                    public void flush() {}

                    @Override
                    public void close() {}
                },
                true);
    }

    /** Completes with the reason when no more can be written. */
    CompletionStage<IOException> failure() {
        return failure;
    }

    /**
     * Fails unless everything was written, or its reader had seen enough and left ({@code ha watch reports | head -1}).
     */
    void check() throws Failure {
        IOException reason = failure.getNow(null);
        if (reason != null && !isBrokenPipe(reason)) {
            throw new Failure("can't write the output: " + reason.getMessage());
        }
    }

    private static boolean isBrokenPipe(IOException failure) {
        return String.valueOf(failure.getMessage()).contains("Broken pipe");
    }
}
