package dev.ha.bench;

/** Two who hand something over, again and again. */
interface Contest {
    String name();

    /** Makes one of them the holder. */
    default void begin() throws Exception {}

    /** Takes part in each round that this divides: more than 1 for one whose handovers take seconds. */
    default int every() {
        return 1;
    }

    /** Nanoseconds from the moment the holder lets go until the other one has been told that it has it. */
    long handover() throws Exception;

    void close() throws Exception;
}
