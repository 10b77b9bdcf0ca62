package dev.ha.tck;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A contender that records all it is told, and what was wrong with how it was told. Confirms its own address when granted, unless told otherwise. */
final class Contender implements LeaderContender {
    private final String name;
    private final Handles handles;
    private final Consumer<Leadership> onGrant;
    private final Consumer<Leadership> onRevoke;

    private final List<Leadership> grants = new CopyOnWriteArrayList<>();
    private final List<Leadership> revokes = new CopyOnWriteArrayList<>();
    private final List<HighAvailabilityException> errors = new CopyOnWriteArrayList<>();
    private final List<String> story = new CopyOnWriteArrayList<>();
    private final List<String> disorder = new CopyOnWriteArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger started = new AtomicInteger();
    private volatile @Nullable Leadership present;

    /** {@code onRevoke} is what it does when revoked; {@code onGrant} when granted, instead of confirming. */
    Contender(
            String name,
            Handles handles,
            @Nullable Consumer<Leadership> onGrant,
            @Nullable Consumer<Leadership> onRevoke) {
        this.name = name;
        this.handles = handles;
        this.onGrant = onGrant == null ? leadership -> leadership.confirm(address()) : onGrant;
        this.onRevoke = onRevoke == null ? leadership -> {} : onRevoke;
    }

    @Override
    public void grantLeadership(Leadership leadership) {
        handles.watch(name, leadership);
        inOrder("granted token " + leadership.fencingToken(), () -> {
            if (present != null) {
                disorder.add("granted token " + leadership.fencingToken() + " before the former grant was revoked");
            }
            present = leadership;
            grants.add(leadership);
            onGrant.accept(leadership);
        });
    }

    @Override
    public void revokeLeadership(Leadership leadership) {
        boolean valid = leadership.isValid();
        inOrder("revoked token " + leadership.fencingToken(), () -> {
            if (valid) {
                disorder.add("revoked token " + leadership.fencingToken() + " while its handle was valid");
            }
            if (present != leadership) {
                disorder.add("revoked token " + leadership.fencingToken() + ", which was not granted to it");
            }
            present = null;
            revokes.add(leadership);
            onRevoke.accept(leadership);
        });
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        inOrder("error " + error, () -> errors.add(error));
    }

    private void inOrder(String what, Runnable callback) {
        started.incrementAndGet();
        story.add(what);
        if (running.incrementAndGet() > 1) {
            disorder.add(what + " while another callback was running");
        }
        try {
            callback.run();
        } finally {
            running.decrementAndGet();
        }
    }

    /** What it confirms. */
    String address() {
        return "tcp://" + name;
    }

    /** The handle of a grant that is not revoked and is valid. */
    Optional<Leadership> leading() {
        return Optional.ofNullable(present).filter(Leadership::isValid);
    }

    /** True while it leads. */
    boolean leads() {
        return leading().isPresent();
    }

    /** Handles of all grants, in their order. */
    List<Leadership> grants() {
        return List.copyOf(grants);
    }

    /** Handles of all revoked grants, in their order. */
    List<Leadership> revokes() {
        return List.copyOf(revokes);
    }

    /** All errors. */
    List<HighAvailabilityException> errors() {
        return List.copyOf(errors);
    }

    /** What was wrong with order or number of its calls. */
    List<String> disorder() {
        return List.copyOf(disorder);
    }

    /** How many calls have started. */
    int calls() {
        return started.get();
    }

    /** True while a call is in progress. */
    boolean busy() {
        return running.get() > 0;
    }

    @Override
    public String toString() {
        return name + " " + (story.isEmpty() ? "was told nothing" : "was told: " + String.join(", ", story));
    }
}
