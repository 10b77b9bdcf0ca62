package dev.ha.kubernetes;

import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One watch: an answer that has no end, a line for each event. It is never resumed. On the loop only. */
final class LeaseWatch {
    /** Who hears it, on the loop. */
    interface Listener {
        /** It is accepted. */
        void opened();

        /** ADDED, MODIFIED, DELETED or BOOKMARK. */
        void event(String type, Lease lease);

        /** No more events; once, and not when it was stopped. */
        void ended(Throwable cause);
    }

    private final BackendContext context;
    private final Loop loop;
    private final Listener listener;
    private @Nullable Exchange exchange;
    private boolean over;

    LeaseWatch(BackendContext context, Loop loop, Listener listener) {
        this.context = context;
        this.loop = loop;
        this.listener = listener;
    }

    /** Sends {@code request}, which must be answered, if not with an event, within {@code patience}. */
    void begin(KubernetesClient client, HttpRequest request, String act, Duration patience) {
        if (over) {
            return;
        }
        Exchange begun = Exchange.stream(context, client.getHttpClient(), request, line -> {
            Object event = parse(client, line);
            loop.execute(() -> heard(event));
        });
        exchange = begun;
        Timer late = loop.schedule(
                patience, () -> end(new TimeoutException(act + ": no answer within " + patience.toMillis() + " ms")));
        CompletableFuture<?> unusedOpening = begun.head().thenAccept(code -> {
            late.close();
            if (code == 200) {
                loop.execute(this::opened);
            }
        });
        CompletableFuture<?> unusedEnding = begun.answer().whenComplete((answer, failure) -> {
            late.close();
            loop.execute(() -> end(
                    failure != null
                            ? failure
                            : answer.isSuccess()
                                    ? new IOException("the server has ended the watch")
                                    : Refused.of(client, act, answer)));
        });
    }

    /** It could not even be begun. */
    void fail(Throwable cause) {
        end(cause);
    }

    /** Not wanted any more. */
    void stop() {
        over = true;
        cancel(new IOException("not wanted any more"));
    }

    private void opened() {
        if (!over) {
            listener.opened();
        }
    }

    private void heard(Object event) {
        if (over) {
            return;
        }
        if (event instanceof WatchEvent known && known.getObject() instanceof Lease lease) {
            listener.event(known.getType(), lease);
        } else if (event instanceof WatchEvent known && known.getObject() instanceof Status status) {
            end(new Refused(
                    "watching",
                    status.getCode() == null ? 500 : status.getCode(),
                    "" + status.getMessage(),
                    Duration.ZERO));
        } else {
            end(event instanceof Throwable failure ? failure : new IOException("an event without a Lease"));
        }
    }

    /** The event, or why there is none; off the loop, as it takes its time. */
    private static Object parse(KubernetesClient client, String line) {
        try {
            return client.getKubernetesSerialization().unmarshal(line, WatchEvent.class);
        } catch (RuntimeException unreadable) {
            return unreadable;
        }
    }

    private void end(Throwable cause) {
        if (!over) {
            over = true;
            cancel(cause);
            listener.ended(cause);
        }
    }

    private void cancel(Throwable cause) {
        Exchange open = exchange;
        if (open != null) {
            open.cancel(cause);
        }
    }
}
