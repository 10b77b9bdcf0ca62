package dev.ha.core;

import dev.ha.ConflictException;
import dev.ha.HighAvailabilityException;
import dev.ha.Leadership;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.spi.MetadataStore;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Entries written through the candidacy of the leadership at hand, so that the backend itself fences; unknown outcomes are read back here, and only here. */
final class FencedEntries implements EntryStore {
    private final Engine engine;
    private final String election;

    FencedEntries(Engine engine, String election) {
        this.engine = engine;
        this.election = election;
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String name) {
        Names.check("entry", name);
        return engine.user(read(store -> store.get(name)));
    }

    @Override
    public CompletionStage<Set<String>> names(String prefix) {
        return engine.user(read(store -> store.names(prefix)));
    }

    @Override
    public CompletionStage<Entry> create(Leadership leadership, String name, byte[] value) {
        Names.check("entry", name);
        return engine.user(write(leadership, Change.create(name, checked(name, value))));
    }

    @Override
    public CompletionStage<Entry> replace(Leadership leadership, Entry old, byte[] value) {
        return engine.user(write(leadership, Change.replace(old, checked(old.name(), value))));
    }

    @Override
    public CompletionStage<Void> delete(Leadership leadership, Entry old) {
        return engine.user(write(leadership, Change.delete(old)).thenApply(deleted -> null));
    }

    private static byte[] checked(String name, byte[] value) {
        if (value.length > MAX_VALUE) {
            throw new IllegalArgumentException("the value of entry " + name + " has " + value.length
                    + " bytes; at most " + MAX_VALUE + " are allowed");
        }
        return value;
    }

    /**
     * The leadership, as one of ours.
     *
     * @throws IllegalArgumentException if it fences nothing here
     * @throws IllegalStateException after close
     */
    SeatLeadership check(Leadership leadership) {
        if (!(leadership instanceof SeatLeadership own)
                || own.engine() != engine
                || !own.election().equals(election)) {
            throw new IllegalArgumentException("the stores of election " + election
                    + " need a leadership of that election from the same services, not " + leadership);
        }
        engine.checkOpen();
        return own;
    }

    private CompletableFuture<Entry> write(Leadership leadership, Change change) {
        SeatLeadership own = check(leadership);
        CompletableFuture<String> written = new CompletableFuture<>();
        own.in().locked(() -> Stages.relay(own.term().attempt().write(own.term(), change), written));
        return written.thenApply(version -> new Entry(change.name(), change.value(), version, change.writeId()))
                .exceptionallyCompose(failure -> settle(change, Stages.classify(failure, "write of " + change)));
    }

    /** An unknown outcome is read back: the entry carries the id of the change that wrote it. */
    private CompletableFuture<Entry> settle(Change change, HighAvailabilityException failure) {
        if (!(failure instanceof OutcomeUnknownException)) {
            return CompletableFuture.failedFuture(failure);
        }
        return read(store -> store.get(change.name())).handle((found, unreadable) -> {
            if (unreadable != null) {
                failure.addSuppressed(Stages.unwrap(unreadable));
                throw failure;
            }
            return outcome(change, found, failure);
        });
    }

    /** What became of {@code change}, if {@code found} tells; else fails with {@code unknown}. */
    static Entry outcome(Change change, Optional<Entry> found, HighAvailabilityException unknown) {
        if (found.isEmpty()) {
            if (change.kind() == Change.Kind.DELETE) {
                return new Entry(change.name(), new byte[0], "", change.writeId());
            }
            if (change.kind() == Change.Kind.CREATE) {
                throw unknown; // not applied yet is not final: it may still arrive (SAFETY S10)
            }
            throw new ConflictException("entry " + change.name() + " is gone: " + change + " was not applied");
        }
        Entry entry = found.get();
        if (entry.writeId().equals(change.writeId())) {
            return entry;
        }
        if (change.kind() == Change.Kind.CREATE || entry.version().equals(change.expectedVersion())) {
            throw unknown; // a version is there once only, but absence may come again
        }
        throw new ConflictException(
                "entry " + change.name() + " has version " + entry.version() + ": " + change + " was not applied");
    }

    private <T> CompletableFuture<T> read(Function<MetadataStore, CompletionStage<T>> request) {
        engine.checkOpen();
        CompletableFuture<T> result = new CompletableFuture<>();
        engine.platform().io().execute(() -> {
            Stages.relay(Stages.ask(() -> request.apply(engine.backend().metadataStore(election))), result);
        });
        return result.exceptionallyCompose(failure -> CompletableFuture.failedFuture(unavailable(failure)));
    }

    private HighAvailabilityException unavailable(Throwable failure) {
        Throwable inner = Stages.unwrap(failure);
        return inner instanceof HighAvailabilityException known
                ? known
                : new UnavailableException(
                        "reading the entries of election " + election + " failed: " + inner,
                        Reason.CONNECTION_LOST,
                        inner);
    }
}
