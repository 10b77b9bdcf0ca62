package dev.ha.kubernetes;

import dev.ha.UnavailableException;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.Pace;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All Leases that this process is interested in, by one watch (rule 5.4), which is a hint: begun by a LIST, replaced when it ends, fails, or does not show what
 * an answer has shown. The former one goes on until there is the next. What can't be read of one election is no trouble of the others. On the loop only.
 */
final class Leases implements LeaseWatch.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(Leases.class);
    private static final long REREAD = TimeUnit.MINUTES.toNanos(1);
    /** What is in trouble when we may not. */
    private static final Object LIST = "listing Leases";

    private static final Object WATCH = "watching Leases";

    private final Session session;
    private final Map<String, Observation> wanted = new HashMap<>();
    private final Pace pace = new Pace();
    private final Pace rereads = new Pace();
    private final Set<Observation> toReread = new HashSet<>();
    private final SharedReads<Observation, @Nullable Lock> shared = new SharedReads<>();
    private @Nullable LeaseWatch watch;
    private @Nullable Timer tick;
    private @Nullable Timer starting;
    private boolean listing;
    private boolean listingToWatch;
    /** A LIST has been read since the last trouble: what is known may be told. */
    private boolean fresh;

    private long listedAt;
    /** The latest resourceVersion that the watch has shown. */
    private long shown;
    /** The latest that it should show, and the one that it should have shown by now. */
    private long expected;

    private long due;

    Leases(Session session) {
        this.session = session;
    }

    // ---- who wants what ----

    /** The Lease of {@code election} from now on; {@code listener} hears of each change. */
    Observation join(String election, Observation.Listener listener) {
        String object = Names.object(session.cluster(), election);
        Observation present = wanted.get(object);
        if (present == null) {
            Observation fresh = new Observation(
                    object, election, session.loop(), session.settings().lease(), () -> confirm(object));
            wanted.put(object, fresh);
            present = fresh;
            fresh.add(listener);
            begin();
            reread(fresh);
        } else {
            present.add(listener);
            Observation known = present;
            session.loop().execute(() -> {
                UnavailableException trouble = known.trouble();
                if (trouble != null) {
                    listener.unknown(trouble);
                } else if (known.isKnown() && fresh) {
                    listener.changed();
                }
            });
        }
        return present;
    }

    void leave(Observation observation, Observation.Listener listener) {
        observation.remove(listener);
        if (observation.isUnwanted() && wanted.remove(observation.object(), observation)) {
            observation.stop();
            toReread.remove(observation);
            session.troubles().remove(observation);
            if (wanted.isEmpty()) {
                end();
            }
        }
    }

    private void begin() {
        if (tick == null) {
            listedAt = session.loop().nanoTime();
            tick();
            start(Duration.ZERO);
        }
    }

    private void end() {
        stopWatch();
        if (tick != null) {
            tick.close();
            tick = null;
        }
        if (starting != null) {
            starting.close();
            starting = null;
        }
        fresh = false;
        List.of(LIST, WATCH).forEach(session.troubles()::remove);
    }

    void close() {
        wanted.values().forEach(Observation::stop);
        wanted.clear();
        end();
    }

    private boolean isWanted() {
        return !wanted.isEmpty() && !session.isClosed();
    }

    // ---- what is read ----

    /** As a quorum knows it now. */
    CompletableFuture<@Nullable Lock> read(Observation observation) {
        Observation.Asked asked = observation.ask();
        CompletableFuture<Optional<Lease>> request =
                session.heeded(session.api().lease(observation.object()));
        return request.thenApply(found -> {
            Lock lock = found.map(Lock::of).orElse(null);
            observation.answered(asked, lock);
            if (lock != null) {
                answered(lock);
            }
            return lock;
        });
    }

    /** The same, for users. */
    CompletableFuture<@Nullable Lock> readShared(Observation observation) {
        return shared.read(observation, () -> read(observation));
    }

    private void reread(Observation observation) {
        Loop.whenDone(read(observation), (lock, failure) -> {
            if (failure == null) {
                trust(observation);
            } else if (wanted.get(observation.object()) == observation) {
                notRead(observation, failure);
            }
        });
    }

    private void trust(Observation observation) {
        toReread.remove(observation);
        session.troubles().remove(observation);
        observation.trust();
    }

    private void notRead(Observation observation, Throwable failure) {
        if (Failures.isOfServer(failure) || isTold(failure)) {
            UnavailableException trouble = Failures.unavailable(failure, "reading " + observation.election());
            if (Failures.isDenied(failure)) {
                session.troubles().add(observation, trouble);
            }
            observation.doubt(trouble);
        }
        if (toReread.add(observation)) {
            session.loop().schedule(session.pause(rereads, failure), () -> {
                if (toReread.remove(observation) && session.isReachable()) { // else the LIST after the outage shows it
                    reread(observation);
                }
            });
        }
    }

    /** Of an outage everybody hears from the session. */
    private static boolean isTold(Throwable failure) {
        return (Failures.isAnswer(failure) && !Failures.isGone(failure))
                || Loop.unwrap(failure) instanceof UnavailableException;
    }

    /** A holder has been silent for too long: a quorum must say so, too, before followers hear of it (SAFETY K5). */
    private void confirm(String object) {
        Observation observation = wanted.get(object);
        if (observation == null || !observation.isExpired() || observation.isExpiryConfirmed()) {
            return;
        }
        Loop.whenDone(read(observation), (lock, failure) -> session.loop()
                .schedule(session.settings().beat(), () -> confirm(object)));
    }

    /** An answer to this process has shown {@code lock}: the watch must show it, too. */
    void answered(Lock lock) {
        if (lock.hasLabel(Names.label(session.cluster()))) {
            expected = Math.max(expected, lock.version());
        }
    }

    // ---- LIST ----

    /** Lists, and watches from there, soon; not at once when that has failed just now. */
    private void startAgain() {
        start(pace.next(session.loop().nanoTime()));
    }

    private void start(Duration wait) {
        if (listingToWatch || !isWanted() || (starting != null && !wait.isZero())) {
            return;
        }
        if (starting != null) {
            starting.close();
        }
        starting = session.loop().schedule(wait, () -> {
            starting = null;
            if (isWanted() && !listingToWatch) {
                list(true);
            }
        });
    }

    private void list(boolean watching) {
        listing = true;
        listingToWatch |= watching;
        listedAt = session.loop().nanoTime();
        Map<String, Observation.Asked> asked = new HashMap<>();
        wanted.forEach((object, observation) -> asked.put(object, observation.ask()));
        Loop.whenDone(session.heeded(pages(null, new ArrayList<>())), (pages, failure) -> {
            listing = false;
            listingToWatch &= !watching;
            if (!isWanted()) {
                return;
            }
            if (failure != null) {
                listFailed(failure);
                return;
            }
            listed(pages, asked);
            if (watching) {
                String version = pages.get(0).getMetadata().getResourceVersion();
                shown = Lock.version(version); // smaller than before, where data were restored
                expected = shown;
                due = shown;
                stopWatch();
                watch = session.api().watch(session.selector(), version, this);
            }
        });
    }

    private CompletableFuture<List<LeaseList>> pages(@Nullable String from, List<LeaseList> before) {
        return session.api().leases(session.selector(), from).thenCompose(page -> {
            Lock.version(page.getMetadata().getResourceVersion());
            before.add(page);
            String more = page.getMetadata().getContinue();
            return more == null || more.isEmpty() ? CompletableFuture.completedFuture(before) : pages(more, before);
        });
    }

    private void listFailed(Throwable failure) {
        if (isTold(failure)) {
            fresh = false;
            session.troubles().add(LIST, Failures.unavailable(failure, "listing Leases"));
        }
        start(session.pause(pace, failure));
    }

    private void listed(List<LeaseList> pages, Map<String, Observation.Asked> asked) {
        Set<String> missing = new HashSet<>(wanted.keySet());
        for (LeaseList page : pages) {
            for (Lease lease : page.getItems()) {
                String object = lease.getMetadata().getName();
                Observation observation = wanted.get(object);
                Observation.Asked before = asked.get(object);
                if (observation != null && before != null) {
                    missing.remove(object);
                    Lock lock = Lock.of(lease);
                    answered(lock);
                    observation.answered(before, lock);
                    trust(observation);
                }
            }
        }
        session.troubles().remove(LIST);
        for (String object : missing) { // gone, or without our label
            Observation observation = wanted.get(object);
            if (observation != null) {
                observation.doubt(observation.trouble());
                reread(observation);
            }
        }
        refreshed();
    }

    /** Nobody is told of a leader who is gone (rule 5.6): all has been read or is in doubt, and the watch is there or under way. */
    private void refreshed() {
        if (!fresh && session.troubles().of(WATCH) == null) {
            fresh = true;
            tell();
        }
    }

    // ---- telling ----

    /** Tells everybody again, if what is known is fresh; else it will be told when it is. */
    void remind() {
        if (!session.isReachable()) {
            fresh = false;
        }
        session.loop().execute(() -> {
            if (fresh) {
                tell();
            } else if (session.isReachable()) {
                start(isDenied() ? pace.next(session.loop().nanoTime()) : Duration.ZERO);
            }
        });
    }

    /** Whether what is known has been read since the last trouble. */
    boolean isFresh() {
        return fresh;
    }

    /** Why it is not, if somebody knows. */
    @Nullable
    UnavailableException trouble() {
        for (Object what : List.of(LIST, WATCH)) {
            UnavailableException denied = session.troubles().of(what);
            if (denied != null) {
                return denied;
            }
        }
        return session.isReachable() ? null : session.notReachable("watching Leases");
    }

    private boolean isDenied() {
        return session.isReachable() && trouble() != null;
    }

    private void tell() {
        List.copyOf(wanted.values()).forEach(observation -> {
            if (observation.isKnown()) {
                observation.tell();
            }
        });
    }

    // ---- the watch ----

    @Override
    public void opened() {
        session.heard();
        session.troubles().remove(WATCH);
        refreshed();
    }

    @Override
    public void event(String type, Lease lease) {
        session.heard();
        shown = Math.max(shown, Lock.version(lease.getMetadata().getResourceVersion()));
        Observation observation =
                "BOOKMARK".equals(type) ? null : wanted.get(lease.getMetadata().getName());
        if (observation == null) {
            return;
        }
        if ("DELETED".equals(type)) {
            reread(observation); // or it has lost our label
        } else {
            observation.seen(Lock.of(lease));
        }
    }

    @Override
    public void ended(Throwable cause) {
        LOG.debug("The watch of Leases has ended: {}", Failures.show(cause));
        watch = null;
        if (Failures.isDenied(cause)) {
            fresh = false;
            session.troubles().add(WATCH, Failures.unavailable(cause, "watching Leases"));
        }
        start(session.pause(pace, cause));
    }

    private void stopWatch() {
        LeaseWatch former = watch;
        watch = null;
        if (former != null) {
            former.stop();
        }
    }

    /** Every beat: whether the server is there, whether the watch is deaf, whether it is time to read all anew. */
    private void tick() {
        Duration beat = session.settings().beat();
        tick = session.loop().schedule(beat, () -> {
            if (!isWanted()) {
                return;
            }
            tick();
            if (session.isSilent()) {
                session.suspect();
            }
            if (watch == null && !listing && starting == null) {
                startAgain(); // whatever has ended it
            } else if (watch != null && due > shown) {
                LOG.info("The watch of Leases is at {} and should be at {}: it is replaced", shown, due);
                startAgain();
            } else if (watch != null && !listing && session.loop().nanoTime() - listedAt >= REREAD) {
                list(false);
            }
            due = expected;
        });
    }
}
