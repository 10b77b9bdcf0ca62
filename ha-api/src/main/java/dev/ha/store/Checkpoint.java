package dev.ha.store;

/**
 * A completed checkpoint.
 *
 * @param <T> type of the value
 * @param id from {@link CheckpointIdCounter}
 * @param value the checkpoint, or where it is
 */
public record Checkpoint<T>(long id, T value) {}
