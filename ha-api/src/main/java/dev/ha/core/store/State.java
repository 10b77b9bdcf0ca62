package dev.ha.core.store;

import dev.ha.CorruptDataException;
import dev.ha.store.Entry;
import java.util.Optional;

/** An entry of a store as it was read, and what it says if that can be read. */
final class State {
    private final Entry entry;
    private final Optional<StateText> text;
    private final Optional<CorruptDataException> damage;

    private State(Entry entry, Optional<StateText> text, Optional<CorruptDataException> damage) {
        this.entry = entry;
        this.text = text;
        this.damage = damage;
    }

    /** Entries of users are never understood as ours, whatever stands in them. */
    static State of(Entry entry) {
        if (!entry.name().startsWith(StateNames.RESERVED)) {
            return new State(
                    entry,
                    Optional.empty(),
                    Optional.of(new CorruptDataException("entry " + entry.name() + " is none of a store", null)));
        }
        try {
            return new State(entry, Optional.of(StateText.read(entry.name(), entry.value())), Optional.empty());
        } catch (CorruptDataException damaged) {
            return new State(entry, Optional.empty(), Optional.of(damaged));
        }
    }

    Entry entry() {
        return entry;
    }

    /** Empty where it can't be read. */
    Optional<StateText> text() {
        return text;
    }

    /**
     * What it says.
     *
     * @throws CorruptDataException if that can't be read
     */
    StateText require() {
        return text.orElseThrow(damage::orElseThrow);
    }

    /** Whether there is a value, perhaps one that can't be read, and no removal mark. */
    boolean isLive() {
        return !text.map(StateText::isRemoved).orElse(false);
    }

    /** Whether the entry is that of {@code version}, in the words of the backend. */
    boolean hasVersion(String version) {
        return entry.version().equals(version);
    }

    /** The blob that it names, also when its removal has begun. */
    Optional<Blob> blob() {
        return text.flatMap(StateText::blob);
    }

    boolean isSameWrite(StateText other) {
        return text.filter(other::isSameWrite).isPresent();
    }
}
