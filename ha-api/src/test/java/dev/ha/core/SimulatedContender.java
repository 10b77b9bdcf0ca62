package dev.ha.core;

import dev.ha.ContenderException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.Leadership;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A contender that does anything a contender may do, and checks at each call that it was allowed to be made (SPEC chapters 1 and 3). */
final class SimulatedContender implements LeaderContender {
    private final SimulatedWorld world;
    private final Simulation simulation;
    private final String name;
    private final String address;
    private final LeaderElection seat;
    private final List<CompletionStage<?>> stages = new ArrayList<>();
    private @Nullable Leadership current;
    private @Nullable CompletableFuture<Void> confirmed;
    private boolean calling;
    private boolean closed;
    private long lastToken;
    private int thrown;
    private int told;

    SimulatedContender(SimulatedWorld world, String name, LeaderElection seat) {
        this.world = world;
        this.simulation = world.simulation();
        this.name = name;
        this.address = "at:" + name;
        this.seat = seat;
    }

    LeaderElection seat() {
        return seat;
    }

    String address() {
        return address;
    }

    @Nullable
    Leadership current() {
        return current;
    }

    List<CompletionStage<?>> stages() {
        return stages;
    }

    /** True when followers can see the address under the present leadership. */
    boolean isConfirmed() {
        return confirmed != null && confirmed.isDone() && !confirmed.isCompletedExceptionally();
    }

    /** Close has returned: no call may start from now on. */
    void closed() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Every error of this contender has reached it, if it could still be told. */
    boolean heardAllErrors() {
        return closed || told >= thrown;
    }

    private void enter(String call) {
        simulation.log(name + ": " + call);
        world.check(!calling, "3.1", name + " is called while a call is in progress: " + call);
        world.check(!closed, "3.2", name + " is called after close has returned: " + call);
        calling = true;
    }

    private void leave(String call) {
        calling = false;
        simulation.log(name + ": " + call + " returns");
    }

    @Override
    public void grantLeadership(Leadership leadership) {
        enter("grant " + leadership.fencingToken());
        try {
            world.check(current == null, "3.1", name + " is granted twice without a revoke");
            world.check(
                    !((SeatLeadership) leadership).hasEnded(),
                    "3.6",
                    name + " is given a leadership that has been superseded");
            world.check(leadership.fencingToken() >= lastToken, "1.2", name + " is given a smaller token");
            lastToken = leadership.fencingToken();
            current = leadership;
            confirmed = null;
            world.watch(leadership);
            misbehave(leadership, 0.1);
            if (world.isQuiet() || simulation.chance(0.7)) {
                confirm(leadership);
            }
        } finally {
            leave("grant");
        }
    }

    @Override
    public void revokeLeadership(Leadership leadership) {
        enter("revoke " + leadership.fencingToken());
        try {
            world.check(current == leadership, "3.1", name + " is revoked a leadership that it does not have");
            world.check(!leadership.isValid(), "3.7", name + " is revoked while its handle is valid");
            misbehave(leadership, 0.1);
        } finally {
            current = null;
            leave("revoke");
        }
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        enter("error " + error.getClass().getSimpleName());
        if (error instanceof ContenderException && error.getCause() instanceof Deliberate) {
            told++;
        }
        leave("error");
    }

    void confirm(Leadership leadership) {
        CompletableFuture<Void> stage = leadership.confirm(address).toCompletableFuture();
        if (leadership == current) {
            confirmed = stage;
        }
        stages.add(stage);
    }

    void act(Leadership leadership) {
        try {
            leadership.runIfLeader(() -> {
                world.check(leadership.isValid(), "1.4", name + " runs an action on an invalid handle");
                simulation.block(simulation.upTo(Duration.ofSeconds(4)));
            });
        } catch (dev.ha.LeadershipLostException refused) {
            world.check(!leadership.isValid(), "1.4", name + " is refused an action on a valid handle");
        }
    }

    private void misbehave(Leadership leadership, double likely) {
        if (world.isQuiet()) {
            return;
        }
        if (simulation.chance(2 * likely)) {
            simulation.block(simulation.upTo(Duration.ofSeconds(simulation.chance(0.2) ? 20 : 1)));
        }
        if (simulation.chance(likely)) {
            stages.add(leadership.resign());
            world.check(!leadership.isValid(), "3.4", name + " has resigned and its handle is valid");
        }
        if (simulation.chance(likely)) {
            act(leadership);
        }
        if (simulation.chance(likely / 4)) {
            seat.close();
            world.check(!leadership.isValid(), "3.4", name + " has closed its seat and its handle is valid");
        }
        if (simulation.chance(likely)) {
            thrown++;
            throw new Deliberate();
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private static final class Deliberate extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Deliberate() {
            super("on purpose");
        }
    }
}
