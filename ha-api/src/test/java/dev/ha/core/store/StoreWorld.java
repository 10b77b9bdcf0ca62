package dev.ha.core.store;

import dev.ha.ConflictException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeaderAction;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A backend's entries and fence, and a directory, in one thread: every request is a step, at which anything may happen to it. The stores on it are the real ones.
 */
final class StoreWorld {
    static final String ELECTION = "reports";

    /** What happens to one request. */
    enum Fault {
        /** It is refused, certainly. */
        UNAVAILABLE,
        /** It is applied, and nobody knows. */
        ANSWER_LOST,
        /** It is not applied, and nobody knows. */
        REQUEST_LOST,
        /** It is on its way for long, and nobody knows: applied when all else is done. */
        ARRIVES_LATE,
        /** It is applied, sent again, and the second answer is taken for the first (Flink's rule 67). */
        APPLIED_TWICE,
        /** The process ends before it. */
        CRASH
    }

    private final Map<String, Entry> entries = new TreeMap<>();
    private final Path storage;
    private final Queue<Runnable> callbacks = new ArrayDeque<>();
    private final Deque<Runnable> timers = new ArrayDeque<>();
    private long versions;
    private long holder;
    private int steps;
    private int faultAt = -1;
    private @Nullable Fault fault;
    private @Nullable Runnable interruption;
    private @Nullable Runnable late;
    private boolean crashed;
    private boolean callsAtOnce;
    private Instant now = Instant.now().plusSeconds(60);

    StoreWorld(Path storage) {
        this.storage = storage;
    }

    /** The stores of one process. */
    ElectionStores stores() {
        return new ElectionStores(ELECTION, new OneProcess(), "cluster", Optional.of(storage));
    }

    /** The stores of one process that has no storage directory. */
    ElectionStores storesWithoutStorage() {
        return new ElectionStores(ELECTION, new OneProcess(), "cluster", Optional.empty());
    }

    /** A leadership that supersedes all before it. */
    Leadership lead() {
        holder += 2;
        return new TestLeadership(ELECTION, UUID.randomUUID(), holder, "history");
    }

    Map<String, Entry> entries() {
        return entries;
    }

    Entry entry(String name) {
        return Objects.requireNonNull(entries.get(name), name);
    }

    /** Puts bytes where an entry is, past everything. */
    void damage(String name, byte[] value) {
        entries.put(name, new Entry(name, value, "damaged-" + ++versions, UUID.randomUUID()));
    }

    void setTime(Instant time) {
        now = time;
    }

    /** The steps since the last call. */
    int countSteps() {
        int counted = steps;
        steps = 0;
        return counted;
    }

    /** The request that comes after {@code others} others fails in this way. */
    void failAt(int others, Fault how) {
        steps = 0;
        faultAt = others;
        fault = how;
    }

    /** Before the request that comes after {@code others} others, {@code what} happens. */
    void interruptAt(int others, Runnable what) {
        steps = 0;
        faultAt = others;
        interruption = what;
    }

    /** Nothing happens any more; a process that crashed is another one. */
    void calm() {
        Runnable arriving = late;
        late = null;
        if (arriving != null) {
            arriving.run();
        }
        faultAt = -1;
        fault = null;
        interruption = null;
        crashed = false;
    }

    /** Calls of listeners run where they are asked for, as on an executor that does so. */
    void callAtOnce() {
        callsAtOnce = true;
    }

    void runTimers() {
        List<Runnable> due = new ArrayList<>(timers);
        timers.clear();
        due.forEach(Runnable::run);
    }

    void runCallbacks() {
        for (Runnable call = callbacks.poll(); call != null; call = callbacks.poll()) {
            call.run();
        }
    }

    // ---- what must always hold ----

    Path directory() {
        return storage.resolve("cluster").resolve(ELECTION);
    }

    /** Names of all files. */
    Set<String> files() {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory())) {
            Set<String> names = new HashSet<>();
            found.forEach(file -> names.add(String.valueOf(file.getFileName())));
            return names;
        } catch (NoSuchFileException none) {
            return Set.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Blobs of values: those that must be there. */
    Set<String> named() {
        return entries.values().stream()
                .map(State::of)
                .filter(State::isLive)
                .flatMap(state -> state.blob().stream())
                .map(Blob::name)
                .collect(Collectors.toSet());
    }

    // ---- requests ----

    /** Empty when the process is no more. */
    private Optional<Fault> step() {
        if (crashed) {
            throw new CrashError();
        }
        boolean now = steps++ == faultAt;
        if (now && interruption != null) {
            interruption.run();
            return Optional.empty();
        }
        if (now && fault == Fault.CRASH) {
            crashed = true;
            throw new CrashError();
        }
        return now ? Optional.ofNullable(fault) : Optional.empty();
    }

    /** The end of a process, as seen from inside: nothing is heard any more. */
    static final class CrashError extends Error {
        private static final long serialVersionUID = 1L;
    }

    private static UnavailableException unavailable() {
        return new UnavailableException("down", Reason.CONNECTION_LOST, null);
    }

    private final class OneProcess implements StoreEnvironment, EntryStore {
        @Override
        public EntryStore entries() {
            return this;
        }

        @Override
        public void check(Leadership leadership) {
            if (!leadership.election().equals(ELECTION)) {
                throw new IllegalArgumentException(leadership.election());
            }
        }

        @Override
        public <T> CompletableFuture<T> blocking(Callable<T> work) {
            try {
                Optional<Fault> now = step();
                if (now.isPresent()) {
                    return CompletableFuture.failedFuture(new IOException("disk full"));
                }
                return CompletableFuture.completedFuture(work.call());
            } catch (Exception | CrashError failure) {
                return CompletableFuture.failedFuture(failure);
            }
        }

        @Override
        public <T> CompletionStage<T> user(CompletableFuture<T> inner) {
            return inner;
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            timers.add(task);
            return () -> timers.remove(task);
        }

        @Override
        public Instant wallTime() {
            return now;
        }

        @Override
        public ListenerCalls listener() {
            return new ListenerCalls() {
                private boolean muted;

                @Override
                public void add(Runnable call) {
                    if (callsAtOnce) {
                        call.run();
                        return;
                    }
                    callbacks.add(() -> {
                        if (!muted) {
                            call.run();
                        }
                    });
                }

                @Override
                public void close() {
                    muted = true;
                }
            };
        }

        // ---- entries ----

        private <T> CompletionStage<T> read(Supplier<T> answer) {
            try {
                return step().isPresent()
                        ? CompletableFuture.failedStage(unavailable())
                        : CompletableFuture.completedStage(answer.get());
            } catch (CrashError end) {
                return CompletableFuture.failedStage(end);
            }
        }

        @Override
        public CompletionStage<Optional<Entry>> get(String name) {
            return read(() -> Optional.ofNullable(entries.get(name)));
        }

        @Override
        public CompletionStage<Set<String>> names(String prefix) {
            return read(() -> entries.keySet().stream()
                    .filter(name -> name.startsWith(prefix))
                    .collect(Collectors.toSet()));
        }

        @Override
        public CompletionStage<Entry> create(Leadership leadership, String name, byte[] value) {
            return write(leadership, name, null, value);
        }

        @Override
        public CompletionStage<Entry> replace(Leadership leadership, Entry old, byte[] value) {
            return write(leadership, old.name(), old, value);
        }

        @Override
        public CompletionStage<Void> delete(Leadership leadership, Entry old) {
            return write(leadership, old.name(), old, null).thenApply(deleted -> null);
        }

        private CompletionStage<Entry> write(
                Leadership leadership, String name, @Nullable Entry old, byte @Nullable [] value) {
            try {
                Optional<Fault> now = step();
                if (now.isEmpty()) {
                    return CompletableFuture.completedStage(apply(leadership, name, old, value));
                }
                switch (now.get()) {
                    case ANSWER_LOST -> apply(leadership, name, old, value);
                    case APPLIED_TWICE -> {
                        apply(leadership, name, old, value);
                        throw new ConflictException("second answer");
                    }
                    case ARRIVES_LATE ->
                        late = () -> {
                            try {
                                apply(leadership, name, old, value);
                            } catch (HighAvailabilityException refused) {
                                // Nobody hears of it.
                            }
                        };
                    case REQUEST_LOST -> {
                        // Nothing of it arrives.
                    }
                    case UNAVAILABLE -> throw unavailable();
                    case CRASH -> throw new IllegalStateException("ends at once");
                }
                throw new OutcomeUnknownException("lost", null);
            } catch (HighAvailabilityException | CrashError failure) {
                return CompletableFuture.failedStage(failure);
            }
        }

        private Entry apply(Leadership leadership, String name, @Nullable Entry old, byte @Nullable [] value) {
            if (leadership.fencingToken() != holder) {
                throw new LeadershipLostException("superseded", leadership.fencingToken(), holder);
            }
            Entry present = entries.get(name);
            String expected = old == null ? null : old.version();
            String version = present == null ? null : present.version();
            if (!Objects.equals(expected, version)) {
                throw new ConflictException(name + " has version " + version + ", not " + expected);
            }
            if (value == null) {
                entries.remove(name);
                return new Entry(name, new byte[0], "", UUID.randomUUID());
            }
            Entry written = new Entry(name, value, Long.toString(++versions), UUID.randomUUID());
            entries.put(name, written);
            return written;
        }
    }

    /** Enough of a leadership for stores, which only hand it on. */
    record TestLeadership(String election, UUID sessionId, long fencingToken, String historyId) implements Leadership {
        @Override
        public boolean isValid() {
            throw new UnsupportedOperationException("no store may rest on a clock");
        }

        @Override
        public Duration remaining() {
            throw new UnsupportedOperationException("no store may rest on a clock");
        }

        @Override
        public CompletionStage<Void> confirm(String address) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <X extends Exception> void runIfLeader(LeaderAction<X> action) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Reason> lost() {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> resign() {
            throw new UnsupportedOperationException();
        }
    }
}
