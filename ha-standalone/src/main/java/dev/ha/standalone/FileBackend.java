package dev.ha.standalone;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Diagnosable;
import dev.ha.spi.Following;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.MetadataStore;
import dev.ha.store.Entry;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Mode {@code file}: one cluster's directory, as used by the services of one program. */
final class FileBackend implements HighAvailabilityBackend, Diagnosable {
    private static final Logger LOG = LoggerFactory.getLogger(FileBackend.class);
    /** The locks of leaders are looked at this often (SAFETY F2). */
    private static final Duration TICK = Duration.ofMillis(500);
    /** One tick of so many is thorough. */
    private static final int THOROUGH = 10;

    private final BackendContext context;
    private final FileRoot root;
    private final ProcessFiles processes;
    private final DirectoryWatch directoryWatch;
    private final Set<FileDriver> drivers = ConcurrentHashMap.newKeySet();
    private final Map<FileDriver, IOException> troubles = new ConcurrentHashMap<>();
    private final Loop troubleLoop;
    private final AtomicBoolean ticking = new AtomicBoolean();
    private long ticks;
    private boolean troubleTold;
    private volatile boolean closed;
    private volatile BackendContext.@Nullable Timer tickTimer;

    FileBackend(BackendContext context, Path directory) {
        this.context = context;
        this.root = new FileRoot(directory, context.clusterId());
        this.processes = new ProcessFiles(root.processes(), context);
        this.directoryWatch = new DirectoryWatch(context);
        this.troubleLoop = new Loop(context, this::tellTrouble);
    }

    BackendContext context() {
        return context;
    }

    FileRoot root() {
        return root;
    }

    ProcessFiles processes() {
        return processes;
    }

    DirectoryWatch directoryWatch() {
        return directoryWatch;
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        return begin(new FileCandidacy(this, candidacy));
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        return begin(new FileFollowing(this, following));
    }

    private <T extends FileDriver> T begin(T driver) {
        drivers.add(driver);
        if (closed) {
            drivers.remove(driver);
            throw new IllegalStateException("this backend is closed");
        }
        driver.begin();
        if (ticking.compareAndSet(false, true)) {
            scheduleTick();
        }
        return driver;
    }

    @Override
    public MetadataStore metadataStore(String election) {
        FileEntries entries = new FileEntries(root.election(election));
        return new MetadataStore() {
            @Override
            public CompletionStage<Optional<Entry>> get(String name) {
                return reading(() -> entries.get(name));
            }

            @Override
            public CompletionStage<Set<String>> names(String prefix) {
                return reading(() -> entries.names(prefix));
            }
        };
    }

    @Override
    public List<Check> checks() {
        return new FileChecks(root, context).all();
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        BackendContext.Timer timer = tickTimer;
        if (timer != null) {
            timer.close();
        }
        CompletableFuture<?>[] leaving = drivers.stream()
                .map(driver -> driver.close().toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(leaving)
                .thenCompose(left -> directoryWatch.close())
                .thenCompose(left -> processes.close());
    }

    // ---- for the drivers ----

    /** Reads on the I/O pool; what the file system refuses is a failure of ours. */
    <T> CompletionStage<T> reading(Callable<T> work) {
        return context.blocking(() -> {
            try {
                root.prepare();
                return work.call();
            } catch (IOException failure) {
                throw unavailable(failure);
            }
        });
    }

    /** Closed and done. */
    void left(FileDriver driver) {
        drivers.remove(driver);
        isWell(driver);
    }

    /** The file system fails this driver, which tries again by itself. */
    void hasTrouble(FileDriver driver, IOException trouble) {
        troubles.put(driver, trouble);
        troubleLoop.kick();
    }

    /** The file system does not fail this driver. */
    void isWell(FileDriver driver) {
        if (troubles.remove(driver) != null) {
            troubleLoop.kick();
        }
    }

    /** One outage, from the first driver in trouble to the last one out of it. */
    private void tellTrouble() {
        Optional<IOException> trouble = troubles.values().stream().findFirst();
        if (trouble.isPresent() == troubleTold) {
            return;
        }
        troubleTold = trouble.isPresent();
        if (trouble.isPresent()) {
            UnavailableException told = unavailable(trouble.get());
            context.disconnected(told.reason(), told);
        } else {
            context.connected();
        }
    }

    /** Certainly not applied. */
    static UnavailableException unavailable(IOException failure) {
        boolean refused = failure instanceof RefusedException || failure instanceof AccessDeniedException;
        return new UnavailableException(
                "mode file can't use its directory: "
                        + (failure instanceof RefusedException ? failure.getMessage() : failure.toString()),
                refused ? Reason.ACCESS_DENIED : Reason.CONNECTION_LOST,
                failure);
    }

    // ---- ticks ----

    private void scheduleTick() {
        tickTimer = context.schedule(TICK, () -> {
            CompletionStage<Void> unused = context.blocking(this::tick).whenComplete((done, failure) -> {
                if (failure != null) {
                    LOG.error("A look at all elections failed", failure);
                }
                if (!closed) {
                    scheduleTick();
                }
            });
        });
        if (closed) {
            tickTimer.close();
        }
    }

    private @Nullable Void tick() {
        boolean thorough = ++ticks % THOROUGH == 0;
        drivers.forEach(driver -> driver.tick(thorough));
        return null;
    }
}
