package dev.ha.core.store;

import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.UnavailableException;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * States by the full names of their entries: how each of them is committed, replaced and removed, once for all stores. Blobs are written before the entry that names them, and deleted only when
 * no entry can name them any more; after an outcome that is unknown nothing is deleted (SAFETY S9, S10).
 */
final class StateEntries {
    private static final Logger LOG = LoggerFactory.getLogger(StateEntries.class);

    /** Values up to this size stand in the entry where there is a choice. Small, as on Kubernetes all entries of an election have 1 MiB together. */
    static final int INLINE = 4 * 1024;

    /** The largest value without blobs. */
    private static final int LARGEST_INLINE = EntryStore.MAX_VALUE - StateText.LONGEST_LINE;

    private final EntryStore entries;
    private final Seal seal;
    private final Blobs blobs;

    StateEntries(EntryStore entries, Seal seal, Blobs blobs) {
        this.entries = entries;
        this.seal = seal;
        this.blobs = blobs;
    }

    /** What must be there for a write. */
    @FunctionalInterface
    interface Condition {
        /** Whether {@code present}, which may be damaged, marked or absent, may be overwritten. */
        boolean allows(Optional<State> present);

        /** There is no value. */
        Condition ABSENT = present -> !present.map(State::isLive).orElse(false);

        /** Whatever is there. */
        Condition ANY = present -> true;

        /** The value of this version. */
        static Condition version(String version) {
            return present -> present.filter(State::isLive)
                    .filter(state -> state.hasVersion(version))
                    .isPresent();
        }
    }

    /** What is to be stored; made once, whatever happens to its entry then. */
    @FunctionalInterface
    interface Content {
        CompletableFuture<StateText> store(Leadership leadership, String name);
    }

    /**
     * The content of {@code value}, in the entry or in a blob.
     *
     * @throws dev.ha.ConfigurationException if it needs a blob, and there can be none
     */
    Content of(String name, byte[] value) {
        if (value.length <= (blobs.areThere() ? INLINE : LARGEST_INLINE)) {
            return (leadership, unused) -> CompletableFuture.completedFuture(StateText.inline(value));
        }
        blobs.require(name + " with " + value.length + " bytes needs a blob");
        return of(new ByteArrayInputStream(value));
    }

    /** The content of a stream, always in a blob. */
    Content of(InputStream data) {
        return (leadership, name) -> blobs.write(leadership, name, data).thenApply(StateText::pointer);
    }

    /** The entry as it is, also one that is damaged or marked. */
    CompletableFuture<Optional<State>> find(String name) {
        return Futures.of(() -> entries.get(name)).thenApply(found -> found.map(State::of));
    }

    CompletableFuture<Set<String>> names(String prefix) {
        return Futures.of(() -> entries.names(prefix));
    }

    // ---- writing ----

    /** Writes {@code content}, if what is there at that moment allows it; else {@link ConflictException}. */
    CompletableFuture<State> write(Leadership leadership, String name, Content content, Condition condition) {
        return seal.before(leadership)
                .thenCompose(done -> content.store(leadership, name))
                .thenCompose(text -> new Write(leadership, name, text, condition).start());
    }

    /** As {@link #write}, for who has just read {@code present} and asks for nothing else to be there. */
    CompletableFuture<State> replace(Leadership leadership, State present, Content content) {
        String name = present.entry().name();
        return seal.before(leadership)
                .thenCompose(done -> content.store(leadership, name))
                .thenCompose(text -> new Write(
                                leadership,
                                name,
                                text,
                                Condition.version(present.entry().version()))
                        .over(Optional.of(present)));
    }

    /** One write, whose content is stored already. */
    private final class Write {
        private final Leadership leadership;
        private final String name;
        private final StateText text;
        private final Condition condition;
        private boolean sent;

        Write(Leadership leadership, String name, StateText text, Condition condition) {
            this.leadership = leadership;
            this.name = name;
            this.text = text;
            this.condition = condition;
        }

        /** Reads what is there, then writes over that. */
        CompletableFuture<State> start() {
            return find(name).exceptionallyCompose(this::unreadable).thenCompose(found -> {
                if (found.isPresent() && found.get().isSameWrite(text)) {
                    return CompletableFuture.completedFuture(found.get()); // by an earlier sending (Flink's rule 67)
                }
                if (!condition.allows(found)) {
                    return conflicting(found);
                }
                return over(found);
            });
        }

        /** Of who is superseded it is told that, and not that its successor has been at work (rule 1.5). */
        private CompletableFuture<State> conflicting(Optional<State> found) {
            String seen = found.filter(State::isLive)
                    .map(state -> "another value, of version " + state.entry().version())
                    .orElse("no value");
            return seal.after(leadership, Futures.done())
                    .<State>thenCompose(
                            done -> CompletableFuture.failedFuture(new ConflictException(name + ": found " + seen)))
                    .exceptionallyCompose(this::refused);
        }

        /** A conflict is believed only when the entry was read after it. */
        private CompletableFuture<Optional<State>> unreadable(Throwable failure) {
            return sent
                    ? CompletableFuture.failedFuture(new OutcomeUnknownException(
                            "a write of " + name + " met a conflict that could not be looked into", failure))
                    : refused(failure);
        }

        CompletableFuture<State> over(Optional<State> present) {
            byte[] bytes = text.bytes();
            sent = true;
            return Futures.of(() -> present.isPresent()
                            ? entries.replace(leadership, present.get().entry(), bytes)
                            : entries.create(leadership, name, bytes))
                    .thenCompose(entry ->
                            blobs.discard(name, present.flatMap(State::blob)).thenApply(discarded -> State.of(entry)))
                    .exceptionallyCompose(failure ->
                            Futures.unwrap(failure) instanceof ConflictException ? start() : refused(failure));
        }

        /** Fails; deletes the own blob where the entry certainly was not written, and does not name it when it is looked at. */
        private <T> CompletableFuture<T> refused(Throwable failure) {
            Throwable why = Futures.unwrap(failure);
            boolean certain = why instanceof ConflictException
                    || why instanceof LeadershipLostException
                    || why instanceof UnavailableException
                    || why instanceof CorruptDataException;
            CompletableFuture<Void> discarded = !certain || text.blob().isEmpty()
                    ? Futures.done()
                    : sent ? discardUnlessNamed() : blobs.discard(name, text.blob());
            return discarded.thenCompose(done -> CompletableFuture.failedFuture(why));
        }

        private CompletableFuture<Void> discardUnlessNamed() {
            return find(name)
                    .thenCompose(found -> found.flatMap(State::blob).equals(text.blob())
                            ? Futures.done()
                            : blobs.discard(name, text.blob()))
                    .exceptionally(unreadable -> null); // it stays as an orphan
        }
    }

    // ---- removing ----

    /**
     * Removes whatever is there: marks first, then deletes the blob, then the entry, so that it can be repeated and nobody reads a value without its blob. Deletes the entry alone where it can't be read
     * which blob it names.
     */
    CompletableFuture<Void> remove(Leadership leadership, String name) {
        return remove(leadership, name, present -> true);
    }

    /** As {@link #remove(Leadership, String)}, if what is there at that moment is {@code wanted}; else {@link ConflictException}. */
    CompletableFuture<Void> remove(Leadership leadership, String name, Predicate<State> wanted) {
        return seal.before(leadership).thenCompose(done -> removeFound(leadership, name, wanted));
    }

    private CompletableFuture<Void> removeFound(Leadership leadership, String name, Predicate<State> wanted) {
        return find(name).thenCompose(found -> {
            if (found.isEmpty()) {
                return seal.after(leadership, Futures.done()); // nothing to be refused by the backend
            }
            State state = found.get();
            if (!wanted.test(state)) {
                return CompletableFuture.failedFuture(new ConflictException(name + ": found another value, of version "
                        + state.entry().version()));
            }
            state.blob().ifPresent(blob -> blobs.require("removing " + name + ", which points to blob " + blob.name()));
            if (state.text().isEmpty() && name.startsWith(StateNames.RESERVED)) {
                LOG.warn("Removing {}, which can't be read; its blob, if it has one, stays as an orphan", name);
            }
            return mark(leadership, state)
                    .thenCompose(marked -> marked.blob()
                            .map(blob -> blobs.delete(name, blob))
                            .orElseGet(Futures::done)
                            .thenCompose(deleted -> Futures.of(() -> entries.delete(leadership, marked.entry()))))
                    .exceptionallyCompose(failure -> Futures.unwrap(failure) instanceof ConflictException
                            ? removeFound(leadership, name, wanted) // changed meanwhile, by this process
                            : CompletableFuture.failedFuture(failure));
        });
    }

    /** A value in the entry needs no mark: it goes with it, at once. */
    private CompletableFuture<State> mark(Leadership leadership, State state) {
        if (!state.isLive() || state.blob().isEmpty()) {
            return CompletableFuture.completedFuture(state);
        }
        byte[] marked = state.require().marked().bytes();
        return Futures.of(() -> entries.replace(leadership, state.entry(), marked))
                .thenApply(State::of);
    }

    /** Removes all entries that begin with {@code prefix}, but for the seal, which a superseded leader must still meet (SAFETY S8). */
    CompletableFuture<Void> removeAll(Leadership leadership, String prefix) {
        return seal.before(leadership)
                .thenCompose(done -> names(prefix))
                .thenCompose(names -> Futures.forEach(
                        names.stream()
                                .filter(name -> !name.equals(StateNames.SEAL))
                                .toList(),
                        name -> removeFound(leadership, name, present -> true)))
                .thenCompose(removed -> seal.after(leadership, CompletableFuture.completedFuture(removed)))
                .thenApply(removed -> null);
    }

    /** {@code read}, for a leader to act on (SAFETY S6). */
    <T> CompletableFuture<T> underLeadership(Leadership leadership, Supplier<CompletableFuture<T>> read) {
        return seal.before(leadership).thenCompose(done -> seal.after(leadership, Futures.of(read)));
    }

    // ---- values ----

    /** Gives the value of a state that can be read. */
    @FunctionalInterface
    interface Value<T> {
        CompletableFuture<T> of(String name, StateText text);
    }

    /**
     * The state and its value; empty when there is none. Where its blob is missing or damaged the entry is read again, as it may have been replaced meanwhile; {@link CorruptDataException} only if it was not.
     */
    <T> CompletableFuture<Optional<Valued<T>>> get(String name, Value<T> value) {
        return find(name).thenCompose(found -> {
            Optional<State> live = found.filter(State::isLive);
            if (live.isEmpty()) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            State state = live.get();
            return value.of(name, state.require())
                    .thenApply(given -> Optional.of(new Valued<>(state, given)))
                    .exceptionallyCompose(failure -> Futures.unwrap(failure) instanceof CorruptDataException
                            ? ifChanged(state, name, value, failure)
                            : CompletableFuture.failedFuture(failure));
        });
    }

    private <T> CompletableFuture<Optional<Valued<T>>> ifChanged(
            State read, String name, Value<T> value, Throwable failure) {
        return find(name)
                .thenCompose(
                        now -> now.filter(state -> state.hasVersion(read.entry().version()))
                                        .isPresent()
                                ? CompletableFuture.failedFuture(failure)
                                : get(name, value));
    }

    /**
     * A state and its value.
     *
     * @param state as it was read
     * @param value of it
     */
    record Valued<T>(State state, T value) {
        Entry entry() {
            return state.entry();
        }
    }

    /** The bytes of a value, from the entry or from its blob. */
    CompletableFuture<byte[]> bytes(String name, StateText text) {
        return text.blob()
                .map(blob -> blobs.readAll(name, blob))
                .orElseGet(() -> CompletableFuture.completedFuture(text.value()));
    }

    /** The data of a blob. */
    CompletableFuture<InputStream> stream(String name, StateText text) {
        return text.blob()
                .map(blob -> blobs.open(name, blob))
                .orElseGet(() -> CompletableFuture.completedFuture(new ByteArrayInputStream(text.value())));
    }
}
