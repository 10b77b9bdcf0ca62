package dev.ha.tck.support;

import dev.ha.Leadership;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Looks all the time whether two handles of one election are valid at one instant. */
public final class Overlap implements AutoCloseable {
    private final List<TestContender> contenders;
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closed;

    /** Of {@code contenders} for one election, from now on. */
    public Overlap(TestContender... contenders) {
        this.contenders = List.of(contenders);
        this.thread = new Thread(this::look, "overlap");
        thread.setDaemon(true);
        thread.start();
    }

    private void look() {
        while (!closed) {
            List<Leadership> valid = new ArrayList<>();
            for (TestContender contender : contenders) {
                for (Leadership leadership : contender.all()) {
                    if (leadership.isValid()) {
                        valid.add(leadership);
                    }
                }
            }
            // The first one was looked at before the others: it must still be valid now to count.
            if (valid.size() > 1 && valid.get(0).isValid() && seen.size() < 10) {
                seen.add(valid.toString());
            }
            Thread.onSpinWait();
        }
    }

    /** The handles that were valid together; empty unless something is badly wrong. */
    public List<String> seen() {
        return seen;
    }

    @Override
    public void close() {
        closed = true;
    }
}
