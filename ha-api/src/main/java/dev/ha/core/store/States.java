package dev.ha.core.store;

import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.core.store.StateEntries.Condition;
import dev.ha.core.store.StateEntries.Content;
import dev.ha.store.Codec;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The states whose names begin with one prefix, with a codec. */
final class States<T> implements StateHandleStore<T> {
    private final StoreEnvironment environment;
    private final StateEntries states;
    private final String prefix;
    private final String what;
    private final Codec<T> codec;

    /** {@code what} is the word for a name in errors. */
    States(StoreEnvironment environment, StateEntries states, String prefix, String what, Codec<T> codec) {
        this.environment = environment;
        this.states = states;
        this.prefix = prefix;
        this.what = what;
        this.codec = codec;
    }

    @Override
    public CompletionStage<Optional<StateHandle<T>>> get(String name) {
        return environment.user(read(entryOf(name)));
    }

    @Override
    public CompletionStage<Optional<StateHandle<T>>> get(Leadership leadership, String name) {
        environment.check(leadership);
        String entry = entryOf(name);
        return environment.user(states.underLeadership(leadership, () -> read(entry)));
    }

    @Override
    public CompletionStage<RecoveredStates<T>> getAll(Leadership leadership) {
        environment.check(leadership);
        return environment.user(recoverAll(leadership));
    }

    @Override
    public CompletionStage<Boolean> exists(String name) {
        return environment.user(isThere(name));
    }

    @Override
    public CompletionStage<Set<String>> names() {
        return environment.user(states.names(prefix).thenApply(StateNames::lastOf));
    }

    @Override
    public CompletionStage<StateHandle<T>> add(Leadership leadership, String name, T value) {
        return environment.user(write(leadership, name, value, Condition.ABSENT));
    }

    @Override
    public CompletionStage<StateHandle<T>> replace(Leadership leadership, StateHandle<T> old, T value) {
        environment.check(leadership);
        String entry = entryOf(old.name());
        if (!entry.equals(old.entry().name())) {
            throw new IllegalArgumentException("the state '" + old.name() + "' is of another store: its entry is "
                    + old.entry().name() + ", not " + entry);
        }
        Content content = states.of(entry, codec.encode(value));
        return environment.user(states.replace(leadership, State.of(old.entry()), content)
                .thenApply(written -> new StateHandle<>(old.name(), value, written.entry())));
    }

    @Override
    public CompletionStage<Void> remove(Leadership leadership, String name) {
        environment.check(leadership);
        return environment.user(states.remove(leadership, entryOf(name)));
    }

    @Override
    public CompletionStage<Void> clear(Leadership leadership) {
        environment.check(leadership);
        return environment.user(states.removeAll(leadership, prefix));
    }

    // ---- for the stores that are built on it: futures of the library's own ----

    CompletableFuture<Boolean> isThere(String name) {
        return states.find(entryOf(name))
                .thenApply(found -> found.filter(State::isLive).isPresent());
    }

    String entryOf(String name) {
        return prefix + StateNames.part(what, name);
    }

    CompletableFuture<StateHandle<T>> write(Leadership leadership, String name, T value, Condition condition) {
        environment.check(leadership);
        String entry = entryOf(name);
        Content content = states.of(entry, codec.encode(value));
        return states.write(leadership, entry, content, condition)
                .thenApply(written -> new StateHandle<>(name, value, written.entry()));
    }

    CompletableFuture<RecoveredStates<T>> recoverAll(Leadership leadership) {
        SortedMap<String, StateHandle<T>> found = new TreeMap<>();
        SortedMap<String, CorruptDataException> corrupt = new TreeMap<>();
        return states.underLeadership(leadership, () -> states.names(prefix)
                .thenCompose(names -> Futures.forEach(names, this::readOrDamage))
                .thenApply(all -> {
                    all.forEach(each -> {
                        each.state.ifPresent(state -> found.put(state.name(), state));
                        each.damage.ifPresent(damage -> corrupt.put(each.name, damage));
                    });
                    return new RecoveredStates<>(found, corrupt);
                }));
    }

    /** What became of a name: nothing where it is gone by now. */
    private record Outcome<T>(String name, Optional<StateHandle<T>> state, Optional<CorruptDataException> damage) {}

    private CompletableFuture<Outcome<T>> readOrDamage(String entry) {
        String name = StateNames.last(entry);
        return read(entry).handle((state, failure) -> {
            if (failure == null) {
                return new Outcome<>(name, state, Optional.empty());
            }
            if (Futures.unwrap(failure) instanceof CorruptDataException damage) {
                return new Outcome<>(name, Optional.empty(), Optional.of(damage));
            }
            throw Futures.rethrown(failure);
        });
    }

    CompletableFuture<Optional<StateHandle<T>>> read(String entry) {
        return states.get(entry, (name, text) -> states.bytes(name, text).thenApply(bytes -> decode(name, bytes)))
                .thenApply(found ->
                        found.map(valued -> new StateHandle<>(StateNames.last(entry), valued.value(), valued.entry())));
    }

    private T decode(String entry, byte[] bytes) {
        try {
            return codec.decode(bytes);
        } catch (Exception unreadable) {
            throw new CorruptDataException(
                    "the codec can't read the value of entry " + entry + ": " + unreadable, unreadable);
        }
    }

    /** The values of {@code recovered}; fails with the first one that could not be read. */
    static <T> Map<String, StateHandle<T>> allOf(RecoveredStates<T> recovered) {
        if (!recovered.corrupt().isEmpty()) {
            CorruptDataException first = recovered.corrupt().values().iterator().next();
            throw new CorruptDataException(
                    "of " + (recovered.states().size() + recovered.corrupt().size()) + " states these can't be read: "
                            + recovered.corrupt().keySet() + "; the first: " + first.getMessage(),
                    first);
        }
        return recovered.states();
    }
}
