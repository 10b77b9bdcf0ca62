package dev.ha.tck;

/** What an administrator, an accident or an intruder may do to an election in the store. Network faults are the TCK's own: see {@link FaultProxy}. */
public enum Fault {
    /** Removes the lock from under its holder, by whatever an administrator would use (rule 1.7): records may go with it, entries not. */
    REMOVE_LOCK,
    /** Removes the leader's published records and leaves the lock alone (rule 4.4). */
    REMOVE_RECORDS,
    /** Replaces each published record by another readable one, with another address and session id, and leaves the lock alone (rule 4.4). */
    OVERWRITE_RECORDS,
    /** Removes all there is of the election, as if the backend's data had been wiped: lock, records, entries, history (rules 1.2, 5.5). */
    WIPE
}
