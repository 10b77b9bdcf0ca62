package dev.ha.cli;

import dev.ha.HighAvailabilityException;
import dev.ha.LeaderContender;
import dev.ha.Leadership;
import dev.ha.Reason;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Confirms as soon as it is granted, and tells what happens to it. */
final class ElectContender implements LeaderContender {
    private final String election;
    private final String address;
    private final Consumer<Event> events;
    private final Consumer<Leadership> onGrant;

    ElectContender(String election, String address, Consumer<Event> events, Consumer<Leadership> onGrant) {
        this.election = election;
        this.address = address;
        this.events = events;
        this.onGrant = onGrant;
    }

    /** An event of {@code ha elect}; outside of a grant session and token are null. */
    static Event about(String event, String election, @Nullable Leadership leadership) {
        return Event.of(event, election)
                .with("session", leadership == null ? null : leadership.sessionId())
                .with("token", leadership == null ? null : leadership.fencingToken());
    }

    @Override
    public void grantLeadership(Leadership leadership) {
        events.accept(about("granted", election, leadership));
        onGrant.accept(leadership);
        leadership.confirm(address).whenComplete((done, lost) -> {
            if (lost == null) {
                events.accept(about("confirmed", election, leadership).with("address", address));
            }
        });
    }

    @Override
    public void revokeLeadership(Leadership leadership) {
        Reason reason = leadership.lost().toCompletableFuture().getNow(null);
        events.accept(about("revoked", election, leadership).with("reason", reason));
    }

    @Override
    public void handleError(HighAvailabilityException error) {
        events.accept(about("error", election, null).with("message", error.getMessage()));
    }
}
