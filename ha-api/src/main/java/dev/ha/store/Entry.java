package dev.ha.store;

import java.util.UUID;

/** A stored entry. Immutable; compare {@link #version()}, as two readings of one entry are not equal. */
public final class Entry {
    private final String name;
    private final byte[] value;
    private final String version;
    private final UUID writeId;

    /**
     * An entry as read.
     *
     * @param version opaque, compared for equality only
     * @param writeId the id of the change that wrote it
     */
    public Entry(String name, byte[] value, String version, UUID writeId) {
        this.name = name;
        this.value = value.clone();
        this.version = version;
        this.writeId = writeId;
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Its bytes, a copy. */
    public byte[] value() {
        return value.clone();
    }

    /** Its version: opaque, compared for equality only. */
    public String version() {
        return version;
    }

    /** The id of the change that wrote it, by which a write of unknown outcome is recognised. */
    public UUID writeId() {
        return writeId;
    }

    @Override
    public String toString() {
        return "Entry[" + name + ", " + value.length + " bytes, version " + version + "]";
    }
}
