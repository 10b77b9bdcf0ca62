package dev.ha.tck;

/** What a backend can do by its nature, and what not every backend can. */
public enum Capability {
    /** Holds real elections. Without it (mode {@code none}) every contender is granted at once, and the rules on competition are not promised. */
    ELECTIONS,
    /** Contenders of other processes on this machine take part, reached by the same configuration. */
    PROCESSES,
    /** A leader may go unheard for a lease only. Without it a lock ends with its process, and a stopped process keeps it. */
    LEASES,
    /** What is stored outlives the last of the services that were connected. */
    DURABLE
}
