package dev.ha.kubernetes;

import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The Lease of one election as this process sees it, and since when by its own monotonic clock: all that a standby may believe (SAFETY K1). By events it goes
 * forward in resourceVersion only, and a Lease that was found gone does not come back by them. On the loop only.
 */
final class Observation {
    /** Who wants to know. */
    interface Listener {
        /** Something is different, or it is said again. */
        void changed();

        /** It can't be read at present; {@link #changed} when it can. */
        void unknown(UnavailableException trouble);
    }

    private final String object;
    private final String election;
    private final Loop loop;
    private final Duration otherwise;
    private final Runnable whenExpired;
    private final List<Listener> listeners = new ArrayList<>();
    private @Nullable Lock lock;
    private boolean known;
    private boolean existed;
    private String goneUid = "";
    /** When the record of the holder was seen for the first time. */
    private long since;
    /** Whether its holder was seen writing that, and not only found to have written it some day. */
    private boolean alive;
    /** Not to be taken before that: its holder vanished without giving it up (SAFETY K4). */
    private long closedUntil;

    private boolean confirmed;
    /** Whether it may be otherwise by now, so that nobody is told before a quorum has been asked (rule 5.6). */
    private boolean doubtful;

    private @Nullable UnavailableException trouble;
    private @Nullable Timer timer;

    /** {@code whenExpired} runs when the holder of {@code election} has been silent for too long; {@code otherwise} is for Leases without a duration. */
    Observation(String object, String election, Loop loop, Duration otherwise, Runnable whenExpired) {
        this.object = object;
        this.election = election;
        this.loop = loop;
        this.otherwise = otherwise;
        this.whenExpired = whenExpired;
        this.closedUntil = loop.nanoTime();
    }

    String object() {
        return object;
    }

    String election() {
        return election;
    }

    void add(Listener listener) {
        listeners.add(listener);
    }

    void remove(Listener listener) {
        listeners.remove(listener);
    }

    boolean isUnwanted() {
        return listeners.isEmpty();
    }

    // ---- what is seen ----

    /** Some event, or the answer to a write, showed it: news if it is later than what is known. */
    void seen(Lock found) {
        Lock before = lock;
        if (isNews(found)) {
            become(found, true);
        } else if (!alive
                && before != null
                && before.uid().equals(found.uid())
                && before.version() == found.version()) {
            alive = true; // an answer was faster than the event
            tell();
        }
    }

    private boolean isNews(Lock found) {
        Lock before = lock;
        return !found.uid().equals(goneUid) && (before == null || found.version() > before.version());
    }

    /** What was known when a quorum was asked. */
    record Asked(@Nullable Lock lock, String goneUid, boolean expired) {}

    /** To be called before a quorum is asked. */
    Asked ask() {
        return new Asked(lock, goneUid, isExpired());
    }

    /**
     * What the quorum said. In one history it can't be earlier than what was known when it was asked: if it is, the data were restored, and count (rule
     * 5.5).
     */
    void answered(Asked asked, @Nullable Lock found) {
        if (found == null) {
            gone(asked);
            return;
        }
        boolean sameAsAsked = lock == asked.lock && goneUid.equals(asked.goneUid);
        boolean restored = sameAsAsked
                && (found.uid().equals(goneUid) || (asked.lock != null && found.version() < asked.lock.version()));
        if (restored) {
            goneUid = "";
            become(found, true); // by those who knew another one it is observed as any other change is
        } else if (isNews(found)) {
            become(found, false);
        }
        if (asked.expired && asked.lock == lock && isExpired() && !confirmed) {
            confirmed = true; // nothing else for a quorum either (SAFETY K5)
            tell();
        }
    }

    /** It was not shown where it should have been, or {@code because} it can't be read. */
    void doubt(@Nullable UnavailableException because) {
        doubtful = true;
        trouble = because;
        if (because != null) {
            List.copyOf(listeners).forEach(listener -> listener.unknown(because));
        }
    }

    /** A quorum that was asked since has shown it. */
    void trust() {
        if (doubtful) {
            doubtful = false;
            trouble = null;
            if (known) {
                tell();
            }
        }
    }

    /** {@code written} says whether it was written since the last look, and not only found. */
    private void become(Lock found, boolean written) {
        Lock before = lock;
        if (before != null && (!found.uid().equals(before.uid()) || wasStripped(before, found))) {
            vanished(before);
        }
        if (before == null || !found.sign().equals(before.sign())) {
            since = loop.nanoTime();
            confirmed = false;
            alive = written;
        }
        lock = found;
        known = true;
        existed = true;
        arm();
        tell();
    }

    /**
     * Held by a candidate of this library, and now by nobody, with nothing left of that one: whoever put back a file of their own did not know. An administrator who
     * takes the holder away and leaves the record means it (rule 1.7).
     */
    private static boolean wasStripped(Lock before, Lock found) {
        return before.isHeld()
                && before.isOfRecord()
                && !found.isHeld()
                && !found.record().released()
                && !found.record().candidate().equals(before.record().candidate());
    }

    private void gone(Asked asked) {
        Lock before = lock;
        if (before != asked.lock
                && (before == null || asked.lock == null || !asked.lock.uid().equals(before.uid()))) {
            return; // made since
        }
        if (before != null) {
            vanished(before);
            goneUid = before.uid();
        }
        lock = null;
        boolean news = before != null || !known;
        known = true;
        arm();
        if (news) {
            tell();
        }
    }

    private void vanished(Lock before) {
        if (before.isHeld()) {
            long until = loop.nanoTime() + before.duration(otherwise).toNanos();
            closedUntil = until - closedUntil > 0 ? until : closedUntil; // of the latest of several
        }
    }

    private void arm() {
        if (timer != null) {
            timer.close();
            timer = null;
        }
        long wait = opensAt() - loop.nanoTime();
        if (known && wait > 0 && !listeners.isEmpty()) {
            timer = loop.schedule(Duration.ofNanos(wait), this::due);
        }
    }

    private void due() {
        if (opensAt() - loop.nanoTime() > 0) {
            arm();
            return;
        }
        tell();
        if (isExpired()) {
            whenExpired.run();
        }
    }

    void tell() {
        List.copyOf(listeners).forEach(Listener::changed);
    }

    /** Nobody listens any more. */
    void stop() {
        if (timer != null) {
            timer.close();
        }
    }

    // ---- what may be believed ----

    /** Whether anything was heard at all. */
    boolean isKnown() {
        return known;
    }

    /** The latest that was seen; null if there is none. */
    @Nullable
    Lock lock() {
        return lock;
    }

    /** Whether there ever was one. */
    boolean existed() {
        return existed;
    }

    /** Whether followers are not to be told. */
    boolean isDoubtful() {
        return doubtful;
    }

    /** Why it can't be read, if that is so. */
    @Nullable
    UnavailableException trouble() {
        return trouble;
    }

    /** When a standby may take it. */
    long opensAt() {
        Lock present = lock;
        return present != null && present.isHeld()
                ? Math.max(closedUntil, since + present.duration(otherwise).toNanos())
                : closedUntil;
    }

    /** Its holder has been silent for as long as it may, as far as this process has heard. */
    boolean isExpired() {
        Lock present = lock;
        return present != null
                && present.isHeld()
                && loop.nanoTime() - since >= present.duration(otherwise).toNanos();
    }

    /** It tells of a leader of whom there was no sign of life. */
    boolean isOnlyFound() {
        Lock present = lock;
        return !alive
                && present != null
                && present.isOfRecord()
                && !present.record().records().isEmpty();
    }

    /** And a quorum has heard nothing either (SAFETY K5). */
    boolean isExpiryConfirmed() {
        return confirmed && isExpired();
    }
}
