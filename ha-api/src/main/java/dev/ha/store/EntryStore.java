package dev.ha.store;

import dev.ha.Leadership;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Small versioned entries of one election, fenced: every write is conditional, in the backend itself, on still holding
 * the lock of the leadership that is handed over (rule 1.5). Thread-safe; never blocks; stages complete on threads of
 * the library. Implemented by the library only; may gain methods.
 *
 * <p>A write fails with exactly one of {@link dev.ha.LeadershipLostException}, {@link dev.ha.ConflictException},
 * {@link dev.ha.UnavailableException} (certainly not applied) and {@link dev.ha.OutcomeUnknownException} (nothing could
 * be settled by reading back). It stays possible after the handle has turned invalid until the lock is released, so
 * that a contender can save its state in {@code revokeLeadership}. Where the entry that is stored can't be read it fails
 * with {@link dev.ha.CorruptDataException}; nothing was changed.
 *
 * <p>Thrown at once, not by the stage: {@link IllegalArgumentException} for a leadership of another election or of
 * other services, a name that has not 1 to 200 characters, a value that is too large; {@link IllegalStateException}
 * after close.
 *
 * <p>A read fails with {@link dev.ha.UnavailableException} or {@link dev.ha.CorruptDataException}.
 */
public interface EntryStore {
    /** The largest value, in bytes. */
    int MAX_VALUE = 512 * 1024;

    /** One entry, as last committed; empty when there is none. */
    CompletionStage<Optional<Entry>> get(String name);

    /** All names that begin with {@code prefix}, as last committed. */
    CompletionStage<Set<String>> names(String prefix);

    /** Creates an entry; {@link dev.ha.ConflictException} if it exists. */
    CompletionStage<Entry> create(Leadership leadership, String name, byte[] value);

    /** Replaces {@code old}; {@link dev.ha.ConflictException} if it is gone or has another version. */
    CompletionStage<Entry> replace(Leadership leadership, Entry old, byte[] value);

    /**
     * Deletes {@code old}; {@link dev.ha.ConflictException} if it is gone or has another version. Fenced like writing
     * (rule 6.2).
     */
    CompletionStage<Void> delete(Leadership leadership, Entry old);
}
