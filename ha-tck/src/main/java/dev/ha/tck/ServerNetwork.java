package dev.ha.tck;

/**
 * The network between the servers of a backend, which clients do not use. What is cut off is held back, not refused: nobody is told, and connections stay open, as
 * when a cable is pulled. {@link FaultProxy} does that, one before each address that one server knows of another.
 */
public interface ServerNetwork {
    /** What a server that is cut off can't do any more. */
    enum Cut {
        /** It neither hears the other servers, nor do they hear it. */
        BOTH,
        /** It hears no other server; they hear it. */
        INCOMING,
        /** No other server hears it; it hears them. */
        OUTGOING
    }

    /** Cuts {@code server} off from all others, which go on hearing each other. */
    void isolate(ServerProcess server, Cut cut) throws Exception;

    /** Ends all cuts; what was held back is delivered. */
    void heal() throws Exception;
}
