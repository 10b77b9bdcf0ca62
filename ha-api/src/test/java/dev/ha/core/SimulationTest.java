package dev.ha.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.ha.core.SimulatedBackend.Mistake;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The engine under 10,000 random schedules of grants, losses, late, lost, repeated and reordered reports, pauses, steps of the wall clock, throwing and
 * blocking callbacks, and close at any point. A failure names its seed: {@code -Dha.simulation.seed=N} plays that one and prints its trace.
 */
final class SimulationTest {
    private static final long SCHEDULES = Long.getLong("ha.simulation.schedules", 10_000);
    private static final long FIRST_SEED = 1;

    @Test
    @DisplayName("SPEC 1, 3, 4, 7 hold in every schedule")
    void rulesHoldInEverySchedule() {
        Long only = Long.getLong("ha.simulation.seed");
        if (only != null) {
            play(only, Mistake.NONE, true);
            return;
        }
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
            play(seed, Mistake.NONE, false);
        }
    }

    @Test
    @DisplayName("a seed plays the same schedule each time")
    void schedulesCanBeReplayed() {
        for (long seed = 1; seed <= 20; seed++) {
            assertEquals(trace(seed), trace(seed));
        }
    }

    @Test
    @DisplayName("a lease counted from the answer is found out as two valid handles (rule 1.1)")
    void findsLeaseCountedFromAnswer() {
        findsOut(Mistake.LEASE_FROM_ANSWER, "rule 1.1");
    }

    @Test
    @DisplayName(
            "a release that is said to be done and is not is found out as an election that nobody leads (rule 2.4)")
    void findsForgottenRelease() {
        findsOut(Mistake.FORGETS_RELEASE, "rule 2.");
    }

    private static void findsOut(Mistake mistake, String rule) {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + 20_000; seed++) {
            try {
                new SimulatedWorld(seed, mistake).play();
            } catch (AssertionError found) {
                if (String.valueOf(found.getMessage()).startsWith(rule)) {
                    return;
                }
            }
        }
        fail(mistake + " was not noticed as " + rule);
    }

    private static String trace(long seed) {
        SimulatedWorld world = new SimulatedWorld(seed, Mistake.NONE);
        world.play();
        return world.simulation().trace();
    }

    private static void play(long seed, Mistake mistake, boolean verbose) {
        SimulatedWorld world = new SimulatedWorld(seed, mistake);
        try {
            world.play();
        } catch (RuntimeException | Error broken) {
            if (verbose) {
                System.err.println(world.simulation().trace());
            }
            throw new AssertionError("seed " + seed + ": " + broken.getMessage(), broken);
        }
        if (verbose) {
            System.err.println(world.simulation().trace());
        }
    }
}
