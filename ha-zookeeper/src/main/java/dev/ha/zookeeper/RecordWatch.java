package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.RecordText;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;

/** A leader's watch of the record, so that it hears of whoever changes it (rule 4.4). */
final class RecordWatch {
    private static final Duration RETRY = Duration.ofMillis(500);

    private final Candidacy candidacy;
    private final Session session;
    private final ElectionPaths paths;
    private final String name;
    private final BackendContext context;
    private final Watcher watch = this::changed;
    private final Object lock = new Object();
    private boolean retryScheduled;
    private boolean over;

    /** {@code name} is that of the candidate that leads. */
    RecordWatch(Candidacy candidacy, Session session, ElectionPaths paths, String name, BackendContext context) {
        this.candidacy = candidacy;
        this.session = session;
        this.paths = paths;
        this.name = name;
        this.context = context;
    }

    /** Tells what is there and sets the watch, again and again until it is known to be set. For each new connection too, as its answer may be lost with the old one. */
    void look() {
        if (isOver()) {
            return;
        }
        CompletableFuture<Void> unused = session.connection()
                .getData(paths.record(), watch)
                .handle((node, failure) -> {
                    if (failure == null) {
                        seen(RecordText.parse(node.data()));
                    } else if (Failures.code(failure) == Code.NONODE) {
                        seen(RecordText.NOTHING);
                        awaitCreation();
                    } else {
                        failed(failure);
                    }
                    return null;
                });
    }

    private void awaitCreation() {
        CompletableFuture<Void> unused = session.connection()
                .exists(paths.record(), watch)
                .handle((stat, failure) -> {
                    if (failure == null) {
                        look(); // there again
                    } else if (Failures.code(failure) != Code.NONODE) {
                        failed(failure);
                    }
                    return null;
                });
    }

    /** Those of a former leader are none: they count only with their candidate. */
    private void seen(RecordText text) {
        if (!isOver()) {
            candidacy.recordsSeen(text.candidate().equals(name) ? text.records() : Map.of());
        }
    }

    private void changed(WatchedEvent event) {
        if (event.getType() != EventType.None) {
            look();
        }
    }

    private void failed(Throwable failure) {
        synchronized (lock) {
            if (retryScheduled || over || Failures.isDenied(failure)) { // rights don't come back by themselves
                return;
            }
            retryScheduled = true;
        }
        context.schedule(RETRY, () -> {
            synchronized (lock) {
                retryScheduled = false;
            }
            if (session.isUsable()) {
                look();
            } // else the next connection does
        });
    }

    private boolean isOver() {
        synchronized (lock) {
            return over;
        }
    }

    /** Tells nothing more. {@code remove} unless the watch is about to end by an event. */
    void end(boolean remove) {
        synchronized (lock) {
            over = true;
        }
        if (remove && !session.isOver()) {
            CompletableFuture<Void> unused = session.connection().removeWatch(paths.record(), watch);
        }
    }
}
