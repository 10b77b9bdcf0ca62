package dev.ha.spi;

import dev.ha.store.Entry;
import java.util.UUID;

/**
 * One conditional write to an election's metadata; {@link dev.ha.ConflictException} when its condition fails.
 * Immutable.
 */
public final class Change {
    /** What to do. Never grows within a major version. */
    public enum Kind {
        /** The entry must not exist. */
        CREATE,
        /** The entry must have the expected version. */
        REPLACE,
        /** The entry must have the expected version. */
        DELETE
    }

    private final Kind kind;
    private final String name;
    private final byte[] value;
    private final String expectedVersion;
    private final UUID writeId = UUID.randomUUID();

    private Change(Kind kind, String name, byte[] value, String expectedVersion) {
        this.kind = kind;
        this.name = name;
        this.value = value;
        this.expectedVersion = expectedVersion;
    }

    /** Creates an entry. */
    public static Change create(String name, byte[] value) {
        return new Change(Kind.CREATE, name, value.clone(), "");
    }

    /** Replaces an entry. */
    public static Change replace(Entry old, byte[] value) {
        return new Change(Kind.REPLACE, old.name(), value.clone(), old.version());
    }

    /** Deletes an entry. */
    public static Change delete(Entry old) {
        return new Change(Kind.DELETE, old.name(), new byte[0], old.version());
    }

    /** What to do. */
    public Kind kind() {
        return kind;
    }

    /** To which entry. */
    public String name() {
        return name;
    }

    /** New bytes, a copy; empty for a deletion. */
    public byte[] value() {
        return value.clone();
    }

    /**
     * The version the entry must have. Not for {@link Kind#CREATE}, which expects absence:
     * {@link IllegalStateException}.
     */
    public String expectedVersion() {
        if (kind == Kind.CREATE) {
            throw new IllegalStateException("a creation expects absence, no version");
        }
        return expectedVersion;
    }

    /** Unique per change; stored with the entry, so that a write of unknown outcome can be recognised. */
    public UUID writeId() {
        return writeId;
    }

    @Override
    public String toString() {
        return kind + " " + name + (kind == Kind.CREATE ? "" : " at version " + expectedVersion);
    }
}
