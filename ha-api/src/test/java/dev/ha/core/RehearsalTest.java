package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RehearsalTest {
    /** A rehearsal that silently fails would cost each first handover what it is there to save. */
    @Test
    void anElectionIsPlayedToItsEndAndNoThreadIsLeft() throws Exception {
        assertThat(Rehearsal.play()).isTrue();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (isPlaying() && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        assertThat(isPlaying()).isFalse();
    }

    private static boolean isPlaying() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("ha-rehearsal"));
    }
}
