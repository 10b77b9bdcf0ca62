package dev.ha.core.store;

import dev.ha.Leadership;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** All entries, of which users write those that no store writes. */
final class UserEntries implements EntryStore {
    private final EntryStore all;

    UserEntries(EntryStore all) {
        this.all = all;
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String name) {
        return all.get(name);
    }

    @Override
    public CompletionStage<Set<String>> names(String prefix) {
        return all.names(prefix);
    }

    @Override
    public CompletionStage<Entry> create(Leadership leadership, String name, byte[] value) {
        return all.create(leadership, checked(name), value);
    }

    @Override
    public CompletionStage<Entry> replace(Leadership leadership, Entry old, byte[] value) {
        checked(old.name());
        return all.replace(leadership, old, value);
    }

    @Override
    public CompletionStage<Void> delete(Leadership leadership, Entry old) {
        checked(old.name());
        return all.delete(leadership, old);
    }

    private static String checked(String name) {
        if (name.startsWith(StateNames.RESERVED)) {
            throw new IllegalArgumentException("entry " + name + " belongs to a store: names that begin with "
                    + StateNames.RESERVED + " are written by those only");
        }
        return name;
    }
}
