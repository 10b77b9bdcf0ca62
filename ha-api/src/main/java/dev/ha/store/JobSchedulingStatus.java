package dev.ha.store;

/** What is known of a job; see {@link HighAvailabilityStores#schedulingStatus}. */
public enum JobSchedulingStatus {
    /** It has neither graph nor result: nobody has accepted it. */
    PENDING,
    /** It has a graph and no result: the leader runs it, or the next one will. */
    RUNNING,
    /** It has a result, dirty or clean: nobody may run it again. */
    DONE
}
