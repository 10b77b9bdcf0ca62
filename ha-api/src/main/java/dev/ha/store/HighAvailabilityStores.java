package dev.ha.store;

/** The stores of one election. Implemented by the library only; may gain methods. */
public interface HighAvailabilityStores {
    /** Name of the election whose leadership writes need. */
    String election();

    /** Small versioned entries; the same object each time. */
    EntryStore entries();
}
