package dev.ha.tck;

/**
 * The data of all servers of a backend together, as an administrator saves and restores them. Servers may be killed and started for it; all run when a method
 * returns, though they need not serve yet. Clients stay as they are.
 */
public interface ServerData {
    /** Remembers the present data, instead of what it has remembered before. */
    void save() throws Exception;

    /** Puts back, on all servers, what was saved. */
    void restore() throws Exception;

    /** Removes all data from all servers: they are as when they were set up. */
    void wipe() throws Exception;
}
