package dev.ha.bench;

/** Two contenders, of which the one that leads lets go until the other one has been told that it leads. */
abstract class Duel implements Contest {
    private final String name;
    private final Signal[] granted = {new Signal(), new Signal()};
    private int holder;

    Duel(String name) {
        this.name = name;
    }

    /** Queues up; {@link #granted} is called when it leads. */
    abstract void contend(int who) throws Exception;

    /** The leader lets go, and returns as soon as it can. */
    abstract void letGo(int who) throws Exception;

    final void granted(int who) {
        granted[who].now();
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final void begin() throws Exception {
        contend(0);
        granted[0].await();
        contend(1);
    }

    @Override
    public final long handover() throws Exception {
        int leaving = holder;
        holder = 1 - holder;
        long began = System.nanoTime();
        letGo(leaving);
        long took = granted[holder].await() - began;
        contend(leaving);
        return took;
    }
}
