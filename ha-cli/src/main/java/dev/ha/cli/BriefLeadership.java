package dev.ha.cli;

import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.Leadership;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Leads an election just as long as one act takes; publishes no address. */
final class BriefLeadership implements LeaderContender {
    private final CompletableFuture<Leadership> granted = new CompletableFuture<>();
    private volatile @Nullable String trouble;

    private BriefLeadership() {}

    /**
     * Waits until it leads, then acts.
     *
     * @throws Failure if somebody else leads for longer than {@code limit}, or if the act fails
     */
    static <T> T during(
            HighAvailabilityServices services,
            String election,
            Duration limit,
            Function<Leadership, CompletionStage<T>> act)
            throws Failure, InterruptedException {
        BriefLeadership contender = new BriefLeadership();
        try (LeaderElection seat = services.leaderElection(election)) {
            seat.start(contender);
            Leadership leadership = contender.await(election, limit);
            return Answers.of(act.apply(leadership), limit, "the backend");
        }
    }

    private Leadership await(String election, Duration limit) throws Failure, InterruptedException {
        try {
            return granted.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            String seen = trouble;
            throw new Failure("not granted the leadership of " + election + " within " + DurationArgument.show(limit)
                    + (seen == null ? "; somebody else leads ('ha leader' tells who): stop it first" : "; " + seen));
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public void grantLeadership(Leadership leadership) {
        granted.complete(leadership);
    }

    @Override
    public void revokeLeadership(Leadership leadership) {}

    @Override
    public void handleError(HighAvailabilityException error) {
        trouble = error.getMessage();
    }
}
