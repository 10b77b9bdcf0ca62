package dev.ha.standalone;

import dev.ha.spi.BackendContext;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when something has changed in a directory: one thread for all directories of a backend. A hint: where the system refuses more watches, or events are
 * lost, those who asked look by themselves from time to time.
 */
final class DirectoryWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryWatch.class);

    private final BackendContext context;
    /** Guarded by this object, as all that follows. */
    private final Map<WatchKey, Set<Subscription>> subscriptions = new HashMap<>();

    private @Nullable WatchService service;
    private CompletionStage<Void> watching = CompletableFuture.completedStage(null);
    private boolean refused;
    private boolean closed;

    DirectoryWatch(BackendContext context) {
        this.context = context;
    }

    /** {@code onChange} is kicked from the watch's thread, and must return at once. Nothing is watched before {@link Subscription#renew}. */
    Subscription subscribe(Path directory, Runnable onChange) {
        return new Subscription(directory, onChange);
    }

    /** Ends the thread; done when it has ended. */
    synchronized CompletionStage<Void> close() {
        closed = true;
        subscriptions.clear();
        if (service != null) {
            close(service);
        }
        return watching;
    }

    private synchronized @Nullable WatchService service() {
        if (service == null && !closed && !refused) {
            try {
                WatchService opened = FileSystems.getDefault().newWatchService();
                service = opened;
                watching = context.<Void>blocking(() -> {
                            watch(opened);
                            return null;
                        })
                        .whenComplete((done, failure) -> ended(opened));
            } catch (IOException limit) {
                refused = true;
                LOG.warn("Directories can't be watched, so changes are noticed later: {}", limit.toString());
            }
        }
        return service;
    }

    private void watch(WatchService opened) throws InterruptedException {
        try {
            while (true) {
                tell(opened.take());
            }
        } catch (ClosedWatchServiceException end) {
            LOG.debug("Watching has ended");
        }
    }

    /** Nobody relies on what is not watched any more; the next who wants to be told opens another one. */
    private synchronized void ended(WatchService former) {
        if (service == former) {
            close(former);
            subscriptions.clear();
            service = null;
        }
    }

    private static void close(WatchService former) {
        try {
            former.close();
        } catch (IOException useless) {
            LOG.debug("Closing a watch service failed", useless);
        }
    }

    private void tell(WatchKey key) {
        boolean matters = false;
        for (WatchEvent<?> event : key.pollEvents()) {
            matters |= !(event.context() instanceof Path name) || FileElection.matters(name.toString());
        }
        boolean gone = !key.reset();
        if (matters || gone) {
            subscribers(key, gone).forEach(subscription -> subscription.onChange.run());
        }
    }

    private synchronized List<Subscription> subscribers(WatchKey key, boolean gone) {
        Set<Subscription> found = gone ? subscriptions.remove(key) : subscriptions.get(key);
        return found == null ? List.of() : new ArrayList<>(found);
    }

    /** One who wants to be told of one directory. */
    final class Subscription implements AutoCloseable {
        private final Path directory;
        private final Runnable onChange;
        private @Nullable WatchKey key;
        private @Nullable Object directoryKey;

        private Subscription(Path directory, Runnable onChange) {
            this.directory = directory;
            this.onChange = onChange;
        }

        /** Watches the directory that is at the path now. To be called before each look, so that what changes after the look is told. */
        void renew() throws IOException {
            Object now =
                    Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
            synchronized (DirectoryWatch.this) {
                if (isLive() && now != null && now.equals(directoryKey)) {
                    return;
                }
                close();
                WatchService watches = service();
                if (watches == null) {
                    return;
                }
                try {
                    WatchKey registered = directory.register(
                            watches,
                            StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_DELETE,
                            StandardWatchEventKinds.ENTRY_MODIFY);
                    subscriptions
                            .computeIfAbsent(registered, any -> new HashSet<>())
                            .add(this);
                    key = registered;
                    directoryKey = now;
                } catch (IOException | ClosedWatchServiceException limit) {
                    LOG.debug("{} can't be watched", directory, limit);
                }
            }
        }

        /** Whether changes will be told, as far as the system keeps its word. */
        boolean isLive() {
            synchronized (DirectoryWatch.this) {
                return key != null && key.isValid();
            }
        }

        @Override
        public void close() {
            synchronized (DirectoryWatch.this) {
                WatchKey old = key;
                key = null;
                if (old == null) {
                    return;
                }
                Set<Subscription> sharers = subscriptions.get(old);
                if (sharers != null && sharers.remove(this) && sharers.isEmpty()) {
                    subscriptions.remove(old);
                    old.cancel();
                }
            }
        }
    }
}
