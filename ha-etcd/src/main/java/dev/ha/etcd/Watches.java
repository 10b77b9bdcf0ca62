package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.Reason;
import dev.ha.etcd.Keys.ElectionKeys;
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
    /** A watch that has lost something would never tell, so all is read again from time to time. */
    private static final Duration REREAD = Duration.ofMinutes(1);

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
    private final Map<String, Watch> all = new HashMap<>();
    private final Set<Watch> toRead = new LinkedHashSet<>();
    private @Nullable Stream stream;
    private boolean reading;
    private boolean rereads;
    private boolean closed;

    Watches(Session session, Connection connection, Loop loop) {
        this.session = session;
        this.connection = connection;
        this.loop = loop;
    }

    /** One election. */
    private static final class Watch {
        private final ElectionKeys keys;
        private final List<Listener> listeners = new ArrayList<>();
        private @Nullable View view;
        /** The view is not older than what was there when the stream was opened. */
        private boolean fresh;
        /** On the stream. */
        private boolean asked;

        private long id = -1;

        Watch(ElectionKeys keys) {
            this.keys = keys;
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
        Watch watch = all.computeIfAbsent(keys.prefix(), prefix -> new Watch(keys));
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
        take(watch, view);
        View latest = watch.view;
        return latest == null ? view : latest;
    }

    private void take(Watch watch, View view) {
        View known = watch.view;
        boolean news = known == null || !watch.fresh || view.revision() > known.revision();
        if (news) {
            watch.view = view;
        }
        watch.fresh = true;
        toRead.remove(watch);
        Stream open = stream;
        if (open != null) {
            open.watch(watch);
        }
        if (news) {
            watch.tell();
        }
    }

    // ---- the connection ----

    /** A server answers: on the same way as before, or not. */
    void up() {
        Stream open = stream;
        if (open != null && open.generation == connection.generation() && !open.ended) {
            read();
            return;
        }
        if (open != null) {
            open.end();
        }
        stream = new Stream(connection.generation());
        for (Watch watch : all.values()) {
            watch.fresh = false;
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
        loop.schedule(REREAD, () -> {
            if (!closed) {
                toRead.addAll(all.values());
                read();
                reread();
            }
        });
    }

    /** No server answers. */
    void down(Reason reason, Throwable cause) {
        for (Watch watch : List.copyOf(all.values())) {
            List.copyOf(watch.listeners).forEach(listener -> listener.unknown(reason, cause));
        }
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
            each.remove();
            batch.add(watch);
            request.addSuccess(Requests.get(Requests.all(watch.keys.prefix())));
        }
        reading = true;
        Stream during = stream;
        Loop.whenDone(connection.txn(request.build()), (answer, failure) -> {
            reading = false;
            if (failure == null) {
                read(batch, answer, during);
                read();
            } else {
                failed(batch, Failures.unwrap(failure));
            }
        });
    }

    private void read(List<Watch> batch, TxnResponse answer, @Nullable Stream during) {
        session.allowed(READING);
        long revision = answer.getHeader().getRevision();
        for (int i = 0; i < batch.size(); i++) {
            Watch watch = batch.get(i);
            if (all.get(watch.keys.prefix()) != watch) {
                continue; // nobody wants it any more
            }
            if (during != stream) {
                toRead.add(watch); // read before the connection broke
                continue;
            }
            RangeResponse found = answer.getResponses(i).getResponseRange();
            take(watch, View.read(watch.keys, revision, found.getKvsList()));
        }
    }

    private void failed(List<Watch> batch, Throwable failure) {
        batch.stream().filter(watch -> all.get(watch.keys.prefix()) == watch).forEach(toRead::add);
        if (Failures.isOfServer(failure)) {
            session.suspect(); // and up() reads again
        } else {
            if (Failures.isDenied(failure)) {
                session.denied(failure, READING);
            }
            Throwable cause = Failures.ofRead(failure, READING);
            batch.forEach(watch -> List.copyOf(watch.listeners)
                    .forEach(listener -> listener.unknown(Failures.reason(failure), cause)));
        }
        loop.schedule(RETRY, this::read);
    }

    // ---- the stream ----

    /** One stream: the answers "created" come in the order of the requests, everything else with an id. */
    private final class Stream extends ClientCall.Listener<WatchResponse> {
        private final long generation;
        private final long openedAt = session.nanoTime();
        private final Deque<Watch> creating = new ArrayDeque<>();
        private final Map<Long, Watch> byId = new HashMap<>();
        private final List<WatchRequest> unsent = new ArrayList<>();
        private @Nullable ClientCall<WatchRequest, WatchResponse> call;
        private boolean ended;

        Stream(long generation) {
            this.generation = generation;
            Loop.whenDone(connection.stream(WatchGrpc.getWatchMethod(), this), (opened, failure) -> {
                if (failure != null) {
                    broken(Failures.unwrap(failure));
                } else if (ended) {
                    opened.cancel("not wanted any more", null);
                } else {
                    call = opened;
                    opened.request(1);
                    unsent.forEach(opened::sendMessage);
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
            watch.fresh = false;
            if (all.get(watch.keys.prefix()) != watch) {
                return;
            }
            toRead.add(watch);
            if (response.getCompactRevision() != 0) {
                read();
            } else {
                connection.forgetLogin();
                end();
                loop.schedule(RETRY, session::suspect); // the next beat opens another stream, with another login
            }
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (!ended) {
                broken(status.asRuntimeException());
            }
        }

        private void broken(Throwable failure) {
            if (ended) {
                return;
            }
            ended = true;
            if (!closed) {
                LOG.debug("The watch stream is broken: {}", Failures.show(failure));
                if (Failures.isOldLogin(failure)) {
                    connection.forgetLogin();
                }
                boolean atOnce = session.nanoTime() - openedAt < RETRY.toNanos();
                loop.schedule(atOnce ? RETRY : Duration.ZERO, session::suspect); // else a refusal would be a storm
            }
        }

        void end() {
            ended = true;
            if (call != null) {
                call.cancel("not wanted any more", null);
            }
        }
    }
}
