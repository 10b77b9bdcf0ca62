package dev.ha.store;

import dev.ha.CorruptDataException;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All values of a store, and what could not be read of it.
 *
 * @param <T> type of the values
 * @param states by name
 * @param corrupt why, by name; to be removed or overwritten by somebody who knows what they were
 */
public record RecoveredStates<T>(
        SortedMap<String, StateHandle<T>> states, SortedMap<String, CorruptDataException> corrupt) {
    /** Copies the maps. */
    public RecoveredStates {
        states = Collections.unmodifiableSortedMap(new TreeMap<>(states));
        corrupt = Collections.unmodifiableSortedMap(new TreeMap<>(corrupt));
    }
}
