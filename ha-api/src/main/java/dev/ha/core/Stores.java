package dev.ha.core;

import dev.ha.store.EntryStore;
import dev.ha.store.HighAvailabilityStores;

/** The stores of one election. */
final class Stores implements HighAvailabilityStores {
    private final String election;
    private final EntryStore entries;

    Stores(Engine engine, String election) {
        this.election = election;
        this.entries = new FencedEntries(engine, election);
    }

    @Override
    public String election() {
        return election;
    }

    @Override
    public EntryStore entries() {
        return entries;
    }
}
