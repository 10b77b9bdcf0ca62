package dev.ha.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The parent's side of a {@link HolderMain}. */
final class Holder {
    /** More than lies between two looks at a handle. */
    private static final Duration LOOKS = Duration.ofSeconds(1);

    private final Process process;
    private final BufferedReader answers;
    private final PrintWriter questions;

    Holder(Process process) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.questions = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    /**
     * How that process is.
     *
     * @param started whether it contends in all elections and follows them
     * @param granted grants so far
     * @param valid handles that are valid
     * @param lost revocations so far
     * @param errors errors told so far
     * @param seen followers that know a leader
     */
    record Status(boolean started, int granted, int valid, int lost, int errors, int seen) {
        @Override
        public String toString() {
            return "granted " + granted + ", valid " + valid + ", lost " + lost + ", errors " + errors
                    + ", leaders seen " + seen;
        }
    }

    /** One grant, as long as it was seen to be valid. */
    record Held(String election, long from, long to) {
        static Held of(String text) {
            String[] parts = text.split(":", -1);
            return new Held(parts[0], Long.parseLong(parts[1]), Long.parseLong(parts[2]));
        }

        /** Nobody has looked at it since {@code looked}: if it was valid then, it may have been valid until {@code end}. */
        Held until(long looked, long end) {
            return to > looked - LOOKS.toNanos() ? new Held(election, from, end) : this;
        }

        boolean overlaps(Held other) {
            return election.equals(other.election) && from <= other.to && other.from <= to;
        }
    }

    private String ask(String question) throws IOException {
        questions.println(question);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("a process has ended");
        }
        return answer;
    }

    Status status() throws IOException {
        String[] parts = ask("status").split(" ", -1);
        return new Status(
                Boolean.parseBoolean(parts[0]),
                Integer.parseInt(parts[1]),
                Integer.parseInt(parts[2]),
                Integer.parseInt(parts[3]),
                Integer.parseInt(parts[4]),
                Integer.parseInt(parts[5]));
    }

    void await(Predicate<Status> wanted, Duration patience) throws Exception {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!wanted.test(status())) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("still not: " + status());
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** What contenders were told, and how often. */
    String errors() throws IOException {
        return ask("errors");
    }

    /** All grants so far. */
    List<Held> handles() throws IOException {
        return Stream.of(ask("handles").split(" ", -1))
                .filter(text -> !text.isEmpty())
                .map(Held::of)
                .toList();
    }

    void kill() {
        process.destroyForcibly().onExit().join();
    }
}
