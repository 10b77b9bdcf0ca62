package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.Reason;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.EventLoop;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.etcd.jetcd.api.WatchCancelRequest;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this process knows of the elections it takes part in or follows: each is read, then watched from the next revision, all on one stream. A stream that ends is
 * replaced, and everything is read again: what it may have missed is not asked (rule 5.6). On the loop only.
 */
final class Watches {
    private static final Logger LOG = LoggerFactory.getLogger(Watches.class);

    /** Elections in one reading transaction; etcd takes 128 operations. */
    private static final int BATCH = 64;

    private static final String READING = "reading elections";
    private static final Duration RETRY = Duration.ofSeconds(1);
    /** A watch that has lost something would never tell, so all is read again from time to time: what is found counts, and the watch is set anew. */
    static final Duration REREAD = Duration.ofMinutes(1);

    /** Who wants to know. */
    interface Listener {
        /** The election is, or was a moment ago, like this; never older than what was told before. */
        void changed(View view);

        /** It can't be watched at present. */
        void unknown(Reason reason, Throwable cause);
    }

    private final Session session;
    private final Connection connection;
    private final Loop loop;
    private final Duration reread;
    private final Map<String, Watch> all = new HashMap<>();
    private final Set<Watch> toRead = new LinkedHashSet<>();
    private @Nullable Stream stream;
    private boolean reading;
    private boolean rereads;
    private boolean closed;

    Watches(Session session, Connection connection, Loop loop, Duration reread) {
        this.session = session;
        this.connection = connection;
        this.loop = loop;
        this.reread = reread;
    }

    /** One election. */
    private static final class Watch {
        private final ElectionKeys keys;
        private final List<Listener> listeners = new ArrayList<>();
        private @Nullable View view;
        /** The view is not older than what was there when the stream was opened. */
        private boolean fresh;
        /** Since when it is not. */
        private long staleSince;
        /** On the stream. */
        private boolean asked;
        /** How often it was cancelled since it was heard. */
        private int cancellations;
        /** How many events have come. */
        private long heard;
        /** To be read in a transaction of its own, for a refusal spoils it for all. */
        private boolean alone;

        private long id = -1;

        Watch(ElectionKeys keys, long now) {
            this.keys = keys;
            this.staleSince = now;
        }

        void stale(long now) {
            if (fresh) {
                fresh = false;
                staleSince = now;
            }
        }

        void unknown(Reason reason, Throwable cause) {
            List.copyOf(listeners).forEach(listener -> listener.unknown(reason, cause));
        }

        void tell() {
            View present = view;
            if (present != null) {
                List.copyOf(listeners).forEach(listener -> listener.changed(present));
            }
        }
    }

    // ---- listeners ----

    /** Tells {@code listener} of an election from now on; what is known, at once. */
    void join(ElectionKeys keys, Listener listener) {
        Watch watch = all.computeIfAbsent(keys.prefix(), prefix -> new Watch(keys, session.nanoTime()));
        watch.listeners.add(listener);
        View known = watch.view;
        if (watch.fresh && known != null) {
            listener.changed(known);
        }
    }

    /** The election is read, if it is not known, and watched. */
    void want(ElectionKeys keys) {
        Watch watch = all.get(keys.prefix());
        if (watch != null && !watch.fresh) {
            toRead.add(watch);
            read();
        }
    }

    void leave(ElectionKeys keys, Listener listener) {
        Watch watch = all.get(keys.prefix());
        if (watch != null && watch.listeners.remove(listener) && watch.listeners.isEmpty()) {
            all.remove(keys.prefix());
            toRead.remove(watch);
            session.allowed(watch);
            Stream open = stream;
            if (open != null) {
                open.cancel(watch);
            }
        }
    }

    /** Somebody has read the election: the later one of that and what is known, which is what counts from now on. */
    View read(ElectionKeys keys, View view) {
        Watch watch = all.get(keys.prefix());
        if (watch == null) {
            return view;
        }
        take(watch, view, false);
        View latest = watch.view;
        return latest == null ? view : latest;
    }

    /** With {@code again} told also if it is as old as what is known: somebody may have been told meanwhile that nothing is known. */
    private void take(Watch watch, View view, boolean again) {
        View known = watch.view;
        boolean news = known == null
                || !watch.fresh
                || view.revision() > known.revision()
                || (again && view.revision() == known.revision());
        Stream open = stream;
        if (open != null && watch.fresh && watch.id >= 0 && known != null && news && !view.isSameAs(known)) {
            open.doubt(watch);
        }
        if (news) {
            watch.view = view;
        }
        watch.fresh = open != null; // else what follows is not heard
        toRead.remove(watch);
        if (open != null) {
            open.watch(watch);
        }
        if (news) {
            watch.tell();
        }
    }

    /** Tells again what is known for certain: the engine has told all followers that nothing is. */
    void remind() {
        if (session.isUp()) {
            List.copyOf(all.values()).stream().filter(watch -> watch.fresh).forEach(Watch::tell);
        }
    }

    private void allStale() {
        long now = session.nanoTime();
        all.values().forEach(watch -> watch.stale(now));
    }

    // ---- the connection ----

    /** A server answers: on the same way as before, or not. */
    void up() {
        Stream open = stream;
        if (open != null && open.generation == connection.generation()) {
            read();
            return;
        }
        if (open != null) {
            open.end();
        }
        stream = new Stream(connection.generation());
        allStale();
        for (Watch watch : all.values()) {
            watch.asked = false;
            watch.id = -1;
            toRead.add(watch);
        }
        read();
        if (!rereads) {
            rereads = true;
            reread();
        }
    }

    private void reread() {
        loop.schedule(reread, () -> {
            if (!closed) {
                toRead.addAll(all.values());
                read();
                reread();
            }
        });
    }

    /** No server answers; all is read again when one does. */
    void down() {
        Stream open = stream;
        if (open != null) {
            open.end();
        }
        allStale();
    }

    void close() {
        closed = true;
        Stream open = stream;
        if (open != null) {
            open.end();
        }
    }

    // ---- reading: many elections in one transaction, one transaction at a time ----

    private void read() {
        if (reading || toRead.isEmpty() || !session.isUp() || stream == null) {
            return;
        }
        List<Watch> batch = new ArrayList<>();
        TxnRequest.Builder request = TxnRequest.newBuilder();
        Iterator<Watch> each = toRead.iterator();
        while (each.hasNext() && batch.size() < BATCH) {
            Watch watch = each.next();
            if (watch.alone && !batch.isEmpty()) {
                continue;
            }
            each.remove();
            batch.add(watch);
            request.addSuccess(Requests.get(Requests.all(watch.keys.prefix())));
            if (watch.alone) {
                break;
            }
        }
        reading = true;
        Stream during = stream;
        Loop.whenDone(connection.txn(request.build()), (answer, failure) -> {
            reading = false;
            if (failure == null) {
                read(batch, answer, during);
                read();
            } else {
                failed(batch, EventLoop.unwrap(failure));
            }
        });
    }

    private void read(List<Watch> batch, TxnResponse answer, @Nullable Stream during) {
        long revision = answer.getHeader().getRevision();
        for (int i = 0; i < batch.size(); i++) {
            Watch watch = batch.get(i);
            if (all.get(watch.keys.prefix()) != watch) {
                continue; // nobody wants it any more
            }
            watch.alone = false;
            if (during != stream) {
                toRead.add(watch); // read before the connection broke
                continue;
            }
            RangeResponse found = answer.getResponses(i).getResponseRange();
            take(watch, View.read(watch.keys, revision, found.getKvsList()), true);
            if (watch.cancellations < 2) {
                session.allowed(watch);
            }
        }
    }

    private void failed(List<Watch> batch, Throwable failure) {
        List<Watch> wanted = batch.stream()
                .filter(watch -> all.get(watch.keys.prefix()) == watch)
                .toList();
        if (Failures.isOfServer(failure)) {
            toRead.addAll(wanted);
            long limit = session.nanoTime() - session.settings().leaseTtl().toNanos();
            Throwable cause = Failures.ofRead(failure, READING);
            wanted.stream()
                    .filter(watch -> !watch.fresh && watch.staleSince < limit) // rule 5.2
                    .forEach(watch -> watch.unknown(Reason.CONNECTION_LOST, cause));
            session.suspect(); // and up() reads again
        } else if (batch.size() > 1) {
            wanted.forEach(watch -> watch.alone = true);
            toRead.addAll(wanted);
            read();
        } else {
            wanted.forEach(watch -> refused(watch, failure));
            read();
        }
    }

    /** Alone; tried again after a while. */
    private void refused(Watch watch, Throwable failure) {
        String act = "watching " + watch.keys.name();
        watch.stale(session.nanoTime());
        if (Failures.isDenied(failure)) {
            session.denied(watch, failure, act);
        }
        watch.unknown(Failures.reason(failure), Failures.ofRead(failure, act));
        loop.schedule(RETRY, () -> {
            if (all.get(watch.keys.prefix()) == watch) {
                toRead.add(watch);
                read();
            }
        });
    }

    // ---- the stream ----

    /** One stream: the answers "created" come in the order of the requests, everything else with an id. */
    private final class Stream extends ClientCall.Listener<WatchResponse> {
        private final long generation;
        private final Deque<Watch> creating = new ArrayDeque<>();
        private final Map<Long, Watch> byId = new HashMap<>();
        private final List<WatchRequest> unsent = new ArrayList<>();
        private @Nullable ClientCall<WatchRequest, WatchResponse> call;
        private String login = "";
        private boolean ended;

        Stream(long generation) {
            this.generation = generation;
            Loop.whenDone(connection.stream(WatchGrpc.getWatchMethod(), this), (opened, failure) -> {
                if (failure != null) {
                    broken(EventLoop.unwrap(failure));
                } else if (ended) {
                    opened.call().cancel("not wanted any more", null);
                } else {
                    call = opened.call();
                    login = opened.login();
                    opened.call().request(1);
                    unsent.forEach(opened.call()::sendMessage);
                    unsent.clear();
                }
            });
        }

        private void send(WatchRequest request) {
            if (call == null) {
                unsent.add(request);
            } else {
                call.sendMessage(request);
            }
        }

        void watch(Watch watch) {
            View from = watch.view;
            if (ended || watch.asked || from == null) {
                return;
            }
            watch.asked = true;
            creating.add(watch);
            send(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8(watch.keys.prefix()))
                            .setRangeEnd(Keys.endOf(watch.keys.prefix()))
                            .setStartRevision(from.revision() + 1))
                    .build());
        }

        void cancel(Watch watch) {
            if (!ended && watch.id >= 0) {
                byId.remove(watch.id);
                send(WatchRequest.newBuilder()
                        .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(watch.id))
                        .build());
            } // else when it is created
        }

        @Override
        public void onMessage(WatchResponse response) {
            if (ended || call == null) {
                return;
            }
            call.request(1);
            if (response.getCreated()) {
                created(response);
            } else if (response.getCanceled()) {
                Watch watch = byId.remove(response.getWatchId());
                if (watch != null) {
                    cancelled(watch, response);
                }
            } else {
                Watch watch = byId.get(response.getWatchId());
                View before = watch == null ? null : watch.view;
                if (watch != null && before != null) {
                    watch.heard++;
                    View after = before.after(response.getEventsList());
                    if (after != before) {
                        watch.view = after;
                        watch.tell();
                    }
                }
            }
        }

        private void created(WatchResponse response) {
            Watch watch = creating.poll();
            if (watch == null) {
                return;
            }
            if (response.getCanceled() || response.getWatchId() < 0) {
                cancelled(watch, response);
                return;
            }
            watch.id = response.getWatchId();
            watch.cancellations = 0;
            session.allowed(watch);
            byId.put(watch.id, watch);
            if (all.get(watch.keys.prefix()) != watch) {
                cancel(watch);
            }
        }

        /** Compacted revisions, or a login that is over: read again, and watched from there. */
        private void cancelled(Watch watch, WatchResponse response) {
            LOG.debug(
                    "The watch of {} was cancelled: {} {}",
                    watch.keys.name(),
                    response.getCancelReason(),
                    response.getCompactRevision() == 0 ? "" : "compacted " + response.getCompactRevision());
            watch.asked = false;
            watch.id = -1;
            watch.stale(session.nanoTime());
            if (all.get(watch.keys.prefix()) != watch) {
                return;
            }
            if (response.getCompactRevision() != 0) {
                toRead.add(watch);
                read();
            } else if (watch.cancellations++ == 0) {
                connection.forgetLogin(login);
                replace(); // with another login, which may help
            } else {
                refused(
                        watch,
                        Status.PERMISSION_DENIED
                                .withDescription(response.getCancelReason())
                                .asRuntimeException());
            }
        }

        /** A read has shown what should have been heard before: if it is not heard soon, nothing will be. */
        void doubt(Watch watch) {
            long heard = watch.heard;
            loop.schedule(RETRY, () -> {
                if (!ended && watch.id >= 0 && watch.heard == heard && all.get(watch.keys.prefix()) == watch) {
                    LOG.warn("The watch of {} is silent and is set anew", watch.keys.name());
                    replace();
                }
            });
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (!ended) {
                broken(status.asRuntimeException());
            }
        }

        private void broken(Throwable failure) {
            if (!ended && !closed) {
                LOG.debug("The watch stream is broken: {}", Failures.show(failure));
                if (Failures.isOldLogin(failure)) {
                    connection.forgetLogin(login);
                }
                replace();
            }
        }

        /** What is known may be old from now on; the next beat opens another stream, and all is read. */
        private void replace() {
            end();
            allStale();
            session.suspect();
        }

        void end() {
            ended = true;
            if (stream == this) {
                stream = null;
            }
            if (call != null) {
                call.cancel("not wanted any more", null);
            }
        }
    }
}
