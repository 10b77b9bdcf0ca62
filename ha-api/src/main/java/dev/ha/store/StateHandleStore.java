package dev.ha.store;

import dev.ha.Leadership;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Values of any size by name, fenced: small ones in an entry, larger ones in a blob that an entry points to. A value is
 * the old one or the new one, never a part of either, and never a pointer to nothing. Thread-safe; never blocks; stages
 * complete on threads of the library. Implemented by the library only; may gain methods.
 *
 * <p>A write fails as one of {@link EntryStore} does. After {@link dev.ha.OutcomeUnknownException} neither the old value
 * nor the new one is discarded: ask what there is. {@link dev.ha.UnavailableException} may also speak of the storage
 * directory. Every write may be repeated.
 *
 * <p>Thrown at once, not by the stage: {@link IllegalArgumentException} for a leadership of another election or of other
 * services, and for a name that has not 1 to 90 characters (a slash or percent sign counts as three);
 * {@link dev.ha.ConfigurationException} for a value that needs a blob while {@code high-availability.storageDir} is not
 * set; {@link IllegalStateException} after close; what the codec throws.
 *
 * @param <T> type of the values
 */
public interface StateHandleStore<T> {
    /** One value, as last committed; empty when there is none, or when its removal has begun. */
    CompletionStage<Optional<StateHandle<T>>> get(String name);

    /**
     * One value, for a leader to act on: it sees every write acknowledged to its predecessors, and fails with
     * {@link dev.ha.LeadershipLostException} when a successor has used these stores (SAFETY S6).
     */
    CompletionStage<Optional<StateHandle<T>>> get(Leadership leadership, String name);

    /**
     * All values, for a leader to act on, as {@link #get(Leadership, String)}. Those that can't be read are told, and
     * don't hide the others.
     */
    CompletionStage<RecoveredStates<T>> getAll(Leadership leadership);

    /** Whether there is a value, as last committed; false when its removal has begun. */
    CompletionStage<Boolean> exists(String name);

    /** All names, as last committed; among them may be some whose removal has begun and can be repeated. */
    CompletionStage<Set<String>> names();

    /** Adds a value; {@link dev.ha.ConflictException} if there is one. */
    CompletionStage<StateHandle<T>> add(Leadership leadership, String name, T value);

    /** Replaces {@code old}; {@link dev.ha.ConflictException} if it is gone or was replaced. */
    CompletionStage<StateHandle<T>> replace(Leadership leadership, StateHandle<T> old, T value);

    /**
     * Removes the value, whatever it is, also one that can't be read. Done = neither entry nor blob is left; done also
     * when there was none. From the beginning of a removal on nobody reads the value; when it fails on the way, it is
     * completed by the next call.
     */
    CompletionStage<Void> remove(Leadership leadership, String name);

    /** Removes all values, as {@link #remove} does. */
    CompletionStage<Void> clear(Leadership leadership);
}
