package dev.ha.bench;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** The moment at which something happened, told from one thread to another. */
final class Signal {
    private final BlockingQueue<Long> moments = new ArrayBlockingQueue<>(16);

    void now() {
        moments.add(System.nanoTime());
    }

    long await() throws InterruptedException {
        Long moment = moments.poll(60, TimeUnit.SECONDS);
        if (moment == null) {
            throw new IllegalStateException("nothing happened for a minute");
        }
        return moment;
    }
}
