package dev.ha.tck;

/**
 * One server of a backend, in a process of its own on this machine, to which the TCK does harm. What is already as it is asked to be stays so: a process that
 * runs is not started again. No method waits for the other servers to notice.
 */
public interface ServerProcess {
    /** SIGSTOP: it does nothing, and its connections stay open. */
    void pause() throws Exception;

    /** SIGCONT: it goes on where it was, with whatever has come in for it meanwhile. */
    void resume() throws Exception;

    /** SIGKILL, also when it is paused. Its data stay. */
    void kill() throws Exception;

    /** Starts it again after {@link #kill}, on the same addresses and data. */
    void start() throws Exception;

    /** Whether clients can work with it now, by its own word; false, within some seconds, for one that is killed, paused or without a quorum. */
    boolean serves();

    /** Whether it is the one that decides now (leads the others), by its own word; the only server of a backend always does while it {@link #serves}. */
    boolean leads();
}
