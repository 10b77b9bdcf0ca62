package dev.ha.standalone;

import dev.ha.spi.BackendContext;
import dev.ha.spi.SafeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells at once when another process dies, whatever it dies of: each backend holds the lock of a file of its own as long as it lives, and whoever wants to
 * know waits for that lock, with one thread per process and not per election. A hint like any other: no grant rests on it.
 */
final class ProcessFiles {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessFiles.class);
    /** More processes than that are looked at from time to time instead. */
    private static final int MOST_WATCHED = 64;

    private static final int DEAD_REMEMBERED = 1000;
    private static final int LONGEST_NAME = 200;

    private final Path directory;
    private final BackendContext context;
    /** Files of this backend; the last one counts, others were removed from under it. Guarded by this object, as all that follows. */
    private final Deque<LockFile> own = new ArrayDeque<>();

    private int made;
    private final Map<String, Watched> watched = new HashMap<>();
    /** Names are never used again, so the dead stay dead. */
    private final Set<String> dead = new HashSet<>();

    private boolean closed;

    ProcessFiles(Path directory, BackendContext context) {
        this.directory = directory;
        this.context = context;
    }

    /** What is known of another process. */
    enum Life {
        /** Alive; its end will be told. */
        RUNS,
        /** Over. */
        DEAD,
        /** Its file is missing, or can't be watched. */
        UNKNOWN
    }

    private static final class Watched {
        private final LockFile file;
        private final Set<Runnable> listeners = new HashSet<>();
        private CompletionStage<Void> waiting = CompletableFuture.completedStage(null);

        Watched(LockFile file) {
            this.file = file;
        }
    }

    /** Name of this backend's file, which exists and is held. */
    synchronized String own() throws IOException {
        LockFile last = own.peekLast();
        if (last != null && last.isInPlace()) {
            return last.path().getFileName().toString();
        }
        Files.createDirectories(directory);
        while (true) {
            String name = SafeName.encode(context.processId(), LONGEST_NAME) + "-" + made++;
            Optional<LockFile> held = LockFile.hold(directory.resolve(name));
            if (held.isPresent()) {
                own.addLast(held.get());
                sweep(name);
                return name;
            }
        }
    }

    /** Removes the files of those who died and were watched by nobody. */
    private void sweep(String ownName) throws IOException {
        for (Path file : FileElection.list(directory, "*")) {
            if (!file.getFileName().toString().equals(ownName)) {
                removeIfDead(file);
            }
        }
    }

    private static void removeIfDead(Path file) {
        try {
            Optional<LockFile> left = LockFile.inherit(file);
            if (left.isPresent()) {
                left.get().remove();
            }
        } catch (IOException stays) {
            LOG.debug("{} is left as it is", file, stays);
        }
    }

    /** Looks at a process and, if it runs, lets {@code listener} be run when that may have changed, until {@link #forget}. */
    synchronized Life look(String process, Runnable listener) throws IOException {
        if (dead.contains(process)) {
            return Life.DEAD;
        }
        Watched known = watched.get(process);
        if (known != null) {
            known.listeners.add(listener);
            return Life.RUNS;
        }
        if (closed || watched.size() >= MOST_WATCHED) {
            return Life.UNKNOWN;
        }
        Optional<LockFile> opened;
        try {
            opened = LockFile.open(directory.resolve(process));
        } catch (NoSuchFileException missing) {
            return Life.UNKNOWN;
        }
        if (opened.isEmpty()) {
            return Life.UNKNOWN;
        }
        LockFile file = opened.get();
        if (file.isFree()) {
            buried(process, file);
            return Life.DEAD;
        }
        Watched fresh = new Watched(file);
        fresh.listeners.add(listener);
        watched.put(process, fresh);
        fresh.waiting = context.<Void>blocking(() -> {
                    file.awaitFree();
                    return null;
                })
                .handle((free, failure) -> {
                    ended(process, fresh, failure == null);
                    return null;
                });
        return Life.RUNS;
    }

    private void ended(String process, Watched former, boolean died) {
        List<Runnable> listeners;
        synchronized (this) {
            watched.remove(process, former);
            if (died) {
                buried(process, former.file);
            } else {
                former.file.close();
            }
            listeners = new ArrayList<>(former.listeners);
        }
        listeners.forEach(Runnable::run);
    }

    private void buried(String process, LockFile file) {
        if (dead.size() >= DEAD_REMEMBERED) {
            dead.clear();
        }
        dead.add(process);
        try {
            file.remove();
        } catch (IOException left) {
            LOG.debug("{} is left as it is", file.path(), left);
        }
    }

    /** The listener is not interested in that process any more. */
    synchronized void forget(String process, Runnable listener) {
        Watched known = watched.get(process);
        if (known != null && known.listeners.remove(listener) && known.listeners.isEmpty()) {
            watched.remove(process);
            known.file.close();
        }
    }

    /** Ends all waiting and gives up the own file; done when no thread is left. */
    synchronized CompletionStage<Void> close() {
        closed = true;
        List<CompletableFuture<Void>> waiting = new ArrayList<>();
        for (Watched each : watched.values()) {
            each.listeners.clear();
            each.file.close();
            waiting.add(each.waiting.toCompletableFuture());
        }
        for (LockFile each : own) {
            try {
                each.remove();
            } catch (IOException left) {
                LOG.debug("{} is left as it is", each.path(), left);
            }
        }
        own.clear();
        return CompletableFuture.allOf(waiting.toArray(CompletableFuture<?>[]::new));
    }
}
