package dev.ha.core;

import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Time, threads and chance of several processes in one thread: every order of events is a function of the seed. A call that blocks is played by running
 * other events before it returns, so that callbacks overlap with everything else as they would on threads.
 */
final class Simulation {
    private static final int MAX_DEPTH = 6;

    private final Random random;
    private final List<Event> ready = new ArrayList<>();
    private final PriorityQueue<Timed> timers =
            new PriorityQueue<>(Comparator.comparingLong(Timed::at).thenComparingLong(Timed::id));
    private final List<Runnable> invariants = new ArrayList<>();
    private final StringBuilder trace = new StringBuilder();
    private long now = TimeUnit.SECONDS.toNanos(1);
    private long ids;
    private int depth;

    private record Event(@Nullable SimulatedProcess process, Runnable task) {}

    private record Timed(
            long at, long id, @Nullable SimulatedProcess process, Runnable task, AtomicBoolean cancelled) {}

    Simulation(long seed) {
        this.random = new Random(seed);
    }

    Random random() {
        return random;
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    long now() {
        return now;
    }

    /** Checked after every step. */
    void invariant(Runnable check) {
        invariants.add(check);
    }

    void log(String line) {
        trace.append(TimeUnit.NANOSECONDS.toMicros(now))
                .append(" us  ")
                .append(line)
                .append('\n');
    }

    String trace() {
        return trace.toString();
    }

    /** Up to {@code limit} from now, evenly. */
    Duration upTo(Duration limit) {
        return Duration.ofNanos((long) (random.nextDouble() * limit.toNanos()));
    }

    Timer after(Duration delay, @Nullable SimulatedProcess process, Runnable task) {
        Timed timed = new Timed(now + Math.max(0, delay.toNanos()), ids++, process, task, new AtomicBoolean());
        timers.add(timed);
        return () -> timed.cancelled.set(true);
    }

    /** Runs events until {@code done}, {@code until} has come or nothing is left. */
    void run(long until, BooleanSupplier done) {
        while (!done.getAsBoolean() && step(until)) {
            invariants.forEach(Runnable::run);
        }
    }

    /** Blocks the caller for {@code time}, while others go on. */
    void block(Duration time) {
        if (depth < MAX_DEPTH) {
            depth++;
            run(now + time.toNanos(), () -> false);
            depth--;
        }
    }

    /** One event: mostly one that is ready, in any order; else the next timer. False when there is none until {@code until}. */
    private boolean step(long until) {
        List<Event> runnable = new ArrayList<>();
        for (Event event : ready) {
            if (event.process == null || !event.process.isPaused()) {
                runnable.add(event);
            }
        }
        Timed next = timers.peek();
        boolean timerFirst = runnable.isEmpty() || (next != null && next.at <= now) || chance(0.02);
        if (timerFirst && next != null && next.at <= until) {
            timers.remove();
            now = Math.max(now, next.at);
            if (!next.cancelled.get()) {
                if (next.process != null && next.process.isPaused()) {
                    ready.add(new Event(next.process, () -> unlessCancelled(next)));
                } else {
                    next.task.run();
                }
            }
            return true;
        }
        if (runnable.isEmpty()) {
            now = Math.max(now, until);
            return false;
        }
        Event event = runnable.get(random.nextInt(runnable.size()));
        ready.remove(event);
        event.task.run();
        return true;
    }

    private static void unlessCancelled(Timed timed) {
        if (!timed.cancelled.get()) {
            timed.task.run();
        }
    }

    /** The platform of one simulated process; it can be paused as a whole, as by SIGSTOP or a long collection of garbage. */
    final class SimulatedProcess implements Platform {
        private final String name;
        private long pausedUntil;
        private long wallStep;
        private boolean closed;

        SimulatedProcess(String name) {
            this.name = name;
        }

        boolean isPaused() {
            return now < pausedUntil;
        }

        boolean isClosed() {
            return closed;
        }

        void pause(Duration time) {
            pausedUntil = now + time.toNanos();
            after(time, null, () -> {});
        }

        /** A step of the wall clock, as by an administrator. */
        void stepWall(Duration step) {
            wallStep += step.toMillis();
        }

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long wallMillis() {
            return 1_700_000_000_000L + TimeUnit.NANOSECONDS.toMillis(now) + wallStep;
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            return after(delay.plus(chance(0.2) ? upTo(Duration.ofMillis(30)) : Duration.ZERO), this, task);
        }

        @Override
        public Executor io() {
            return task -> ready.add(new Event(this, task));
        }

        @Override
        public Executor callbacks() {
            return io();
        }

        @Override
        public Executor completions() {
            return io();
        }

        @Override
        public boolean await(CompletableFuture<?> done, Duration bound) {
            if (depth < MAX_DEPTH) {
                depth++;
                run(now + bound.toNanos(), done::isDone);
                depth--;
            }
            return done.isDone();
        }

        @Override
        public int random(int bound) {
            return random.nextInt(bound);
        }

        @Override
        public void contending() {}

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
