package dev.ha.cli;

import dev.ha.ConfigurationException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting for a stage of the library. */
final class Answers {
    private Answers() {}

    /**
     * What the stage gives.
     *
     * @param who answers, for people
     * @throws Failure if it fails or takes longer than {@code limit}
     * @throws ConfigurationException if that is why it fails
     */
    static <T> T of(CompletionStage<T> stage, Duration limit, String who) throws Failure, InterruptedException {
        try {
            return stage.toCompletableFuture().get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw new Failure("no answer from " + who + " within " + DurationArgument.show(limit)
                    + "; is it reachable ('ha doctor' tells)? --timeout waits longer");
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof ConfigurationException wrong) {
                throw wrong;
            }
            throw new Failure(Failure.reason(failed.getCause()));
        }
    }
}
