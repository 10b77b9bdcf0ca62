package dev.ha.store;

/**
 * A value as it was read or written, and which write it is of: what {@link StateHandleStore#replace} compares.
 *
 * @param <T> type of the value
 * @param name of the state
 * @param value the value
 * @param entry the entry that holds the value or points to its blob
 */
public record StateHandle<T>(String name, T value, Entry entry) {}
