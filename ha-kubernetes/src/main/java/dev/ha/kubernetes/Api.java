package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.kubernetes.Exchange.Answer;
import dev.ha.spi.BackendContext;
import dev.ha.spi.BackendContext.Timer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Requests to the API server: each one HTTP exchange, never repeated, answered or given up within the timeout, on the loop. Each has a connection of its own;
 * the wait for one counts. Those for single Leases, by which leaderships are kept, wait for each other only.
 */
final class Api {
    /** Whether the timeout of the JDK's client ends with the headers of an answer, as it does before JDK 26. */
    private static final boolean HEADERS_ONLY = Runtime.version().feature() < 26;

    private static final Duration REOPEN = Duration.ofSeconds(5);
    private static final String JSON = "application/json";
    private static final int PAGE = 100;

    private final Settings settings;
    private final BackendContext context;
    private final Loop loop;
    private final Lane keeping = new Lane(64);
    private final Lane others = new Lane(16);
    private @Nullable CompletableFuture<KubernetesClient> opening;
    private final Set<KubernetesClient> former = new HashSet<>();
    private boolean forgotten;
    private long forgottenAt;
    private volatile String target = "not set up yet";

    Api(Settings settings, BackendContext context, Loop loop) {
        this.settings = settings;
        this.context = context;
        this.loop = loop;
    }

    // ---- what is asked for ----

    /** As a quorum knows it. */
    CompletableFuture<Optional<Lease>> lease(String name) {
        return orNone(ask(keeping, "get", Kind.LEASES, "GET", "/" + name, null, Lease.class));
    }

    CompletableFuture<Lease> create(Lease lease) {
        return ask(keeping, "create", Kind.LEASES, "POST", "", lease, Lease.class);
    }

    /** Replaces the one of that name, resourceVersion and uid. */
    CompletableFuture<Lease> update(Lease lease) {
        return ask(keeping, "update", Kind.LEASES, "PUT", "/" + bound(lease), lease, Lease.class);
    }

    /** One page of all of a label, as a quorum knows them; {@code from} is the token in the page before. */
    CompletableFuture<LeaseList> leases(String label, @Nullable String from) {
        String query = "?labelSelector=" + encode(label) + "&limit=" + PAGE;
        return ask(
                others,
                "list",
                Kind.LEASES,
                "GET",
                from == null ? query : query + "&continue=" + encode(from),
                null,
                LeaseList.class);
    }

    /** Whether anybody answers. */
    CompletableFuture<LeaseList> probe(String label) {
        return ask(
                keeping,
                "list",
                Kind.LEASES,
                "GET",
                "?labelSelector=" + encode(label) + "&limit=1",
                null,
                LeaseList.class);
    }

    CompletableFuture<Optional<ConfigMap>> configMap(String name) {
        return orNone(ask(others, "get", Kind.CONFIG_MAPS, "GET", "/" + name, null, ConfigMap.class));
    }

    CompletableFuture<ConfigMap> create(ConfigMap map) {
        return ask(others, "create", Kind.CONFIG_MAPS, "POST", "", map, ConfigMap.class);
    }

    /** Replaces the one of that name, resourceVersion and uid. */
    CompletableFuture<ConfigMap> update(ConfigMap map) {
        return ask(others, "update", Kind.CONFIG_MAPS, "PUT", "/" + bound(map), map, ConfigMap.class);
    }

    /** Whether we may do {@code verb}: done when the server would have let us, or has found nothing there. Changes nothing. */
    CompletableFuture<Void> mayDo(String verb, Kind kind, HasMetadata absent) {
        String name = "/" + absent.getMetadata().getName();
        CompletableFuture<?> request =
                switch (verb) {
                    case "get" -> ask(others, verb, kind, "GET", name, null, absent.getClass());
                    case "list" -> ask(others, verb, kind, "GET", "?limit=1", null, LeaseList.class);
                    case "create" -> ask(others, verb, kind, "POST", "?dryRun=All", absent, absent.getClass());
                    case "update" -> ask(others, verb, kind, "PUT", name + "?dryRun=All", absent, absent.getClass());
                    default -> throw new IllegalArgumentException(verb);
                };
        return request.<Void>thenApply(done -> null)
                .exceptionallyCompose(failure -> Failures.isNotFound(failure) || Failures.isConflict(failure)
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(failure));
    }

    /** The version of the server. */
    CompletableFuture<String> version() {
        return client().thenCompose(
                        client -> ask(others, client, "get /version", "GET", "/version", null, text -> text));
    }

    /** The name; without resourceVersion and uid a PUT would be a write without a fence (SAFETY K1, K2). */
    private static String bound(HasMetadata object) {
        if (object.getMetadata().getResourceVersion() == null
                || object.getMetadata().getUid() == null) {
            throw new IllegalStateException("a PUT that is not bound to resourceVersion and uid");
        }
        return object.getMetadata().getName();
    }

    private static <T> CompletableFuture<Optional<T>> orNone(CompletableFuture<T> request) {
        return request.thenApply(Optional::of)
                .exceptionallyCompose(failure -> Failures.isNotFound(failure)
                        ? CompletableFuture.completedFuture(Optional.empty())
                        : CompletableFuture.failedFuture(failure));
    }

    // ---- watching ----

    /** Watches all of a label from a resourceVersion on. */
    LeaseWatch watch(String label, String version, LeaseWatch.Listener listener) {
        LeaseWatch watch = new LeaseWatch(context, loop, listener);
        String query =
                "?watch=true&allowWatchBookmarks=true&labelSelector=" + encode(label) + "&resourceVersion=" + version;
        Loop.whenDone(client(), (client, failure) -> {
            if (failure != null) {
                watch.fail(failure);
                return;
            }
            HttpRequest.Builder request = client.getHttpClient()
                    .newHttpRequestBuilder()
                    .uri(url(client, Kind.LEASES.path(namespace(client)) + query))
                    .forStreaming();
            if (HEADERS_ONLY) { // or the connection of a watch that is never answered stays open
                request.timeout(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
            }
            watch.begin(client, request.build(), right("watch", Kind.LEASES, client), settings.timeout());
        });
        return watch;
    }

    // ---- sending ----

    private <T> CompletableFuture<T> ask(
            Lane lane, String verb, Kind kind, String method, String rest, @Nullable Object body, Class<T> type) {
        return client().thenCompose(client -> ask(
                lane,
                client,
                right(verb, kind, client),
                method,
                kind.path(namespace(client)) + rest,
                body == null ? null : client.getKubernetesSerialization().asJson(body),
                text -> client.getKubernetesSerialization().unmarshal(text, type)));
    }

    private <T> CompletableFuture<T> ask(
            Lane lane,
            KubernetesClient client,
            String act,
            String method,
            String path,
            @Nullable String body,
            Function<String, T> read) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        Timer timer = context.schedule(
                settings.timeout(),
                () -> answer.completeExceptionally(new TimeoutException(
                        act + ": no answer within " + settings.timeout().toMillis() + " ms")));
        CompletableFuture<T> result = loop.hop(answer.thenApply(came -> {
            timer.close();
            if (!came.isSuccess()) {
                throw new CompletionException(Refused.of(client, act, came));
            }
            return read.apply(came.body());
        }));
        long latest = loop.nanoTime() + settings.timeout().toNanos() / 2;
        lane.add(() -> {
            if (loop.nanoTime() - latest
                    > 0) { // else all that is sent is sent in vain, when more is asked for than is answered
                answer.completeExceptionally(new UnavailableException(
                        act + ": not sent, as those before it have taken too long", Reason.CONNECTION_LOST, null));
            }
            if (answer.isDone()) {
                lane.done();
            } else {
                begin(lane, client, method, url(client, path), body, answer);
            }
        });
        return result.whenComplete((value, failure) -> {
            if (failure != null && Failures.isOfTls(failure)) {
                forget(client);
            }
        });
    }

    private void begin(
            Lane lane,
            KubernetesClient client,
            String method,
            String url,
            @Nullable String body,
            CompletableFuture<Answer> answer) {
        HttpRequest built;
        try {
            HttpRequest.Builder request = client.getHttpClient()
                    .newHttpRequestBuilder()
                    .uri(url)
                    .timeout(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
            if (body != null) {
                request.method(method, JSON, body);
            }
            built = request.build();
        } catch (RuntimeException notBuilt) {
            answer.completeExceptionally(Failures.withoutCredentials(notBuilt));
            lane.done();
            return;
        }
        Exchange exchange = Exchange.send(context, client.getHttpClient(), built);
        CompletableFuture<?> unusedGiving = exchange.answer().whenComplete((came, failure) -> {
            if (failure == null) {
                answer.complete(came);
            } else {
                answer.completeExceptionally(failure);
            }
        });
        CompletableFuture<?> unusedEnding = answer.whenComplete((came, failure) -> {
            if (failure != null) {
                exchange.cancel(failure);
            }
            // A credential plug-in that hangs keeps a thread for as long, and no more of them than requests may run.
            CompletableFuture<?> unusedThread = exchange.begun().thenRun(() -> loop.execute(lane::done));
        });
    }

    // ---- the client ----

    /** Within a lease, as a credential plug-in may hang. It is not run again while it does. */
    private CompletableFuture<KubernetesClient> client() {
        CompletableFuture<KubernetesClient> present = opening();
        if (present.isDone()) {
            return present;
        }
        CompletableFuture<KubernetesClient> result = present.copy();
        Timer timer = loop.schedule(
                settings.lease(),
                () -> result.completeExceptionally(new UnavailableException(
                        "reading the kubeconfig, or running the credential plug-in that it names, takes longer than "
                                + settings.lease().toMillis() + " ms",
                        Reason.CONNECTION_LOST,
                        null)));
        CompletableFuture<?> unused = result.whenComplete((client, failure) -> timer.close());
        return result;
    }

    private CompletableFuture<KubernetesClient> opening() {
        CompletableFuture<KubernetesClient> present = opening;
        if (present == null || present.isCompletedExceptionally()) { // a file may be there by now
            CompletableFuture<KubernetesClient> begun = loop.hop(context.blocking(() -> Client.open(settings)));
            opening = begun;
            Loop.whenDone(begun, (client, failure) -> {
                if (failure == null) {
                    target = url(client, "") + ", namespace " + namespace(client);
                    CompletionStage<Boolean> unused = context.blocking(() -> {
                        LockText.load(client.getKubernetesSerialization());
                        return true;
                    });
                }
            });
            return begun;
        }
        return present;
    }

    /**
     * The files of its certificates may be others by now: the next request reads them. Those under way go on. Not again soon, as each client has threads that
     * end some time after it only.
     */
    private void forget(KubernetesClient client) {
        long now = loop.nanoTime();
        if (forgotten && now - forgottenAt < REOPEN.toNanos()) {
            return;
        }
        CompletableFuture<KubernetesClient> present = opening;
        if (present != null && present.isDone() && !present.isCompletedExceptionally() && present.join() == client) {
            forgotten = true;
            forgottenAt = now;
            opening = null;
            former.add(client);
            loop.schedule(settings.timeout(), () -> {
                if (former.remove(client)) {
                    client.close();
                }
            });
        }
    }

    private static String namespace(KubernetesClient client) {
        String namespace = client.getNamespace();
        return namespace == null ? "default" : namespace;
    }

    private static String right(String verb, Kind kind, KubernetesClient client) {
        return kind.right(verb, namespace(client));
    }

    private static String url(KubernetesClient client, String path) {
        String master = client.getMasterUrl().toString();
        return (master.endsWith("/") ? master.substring(0, master.length() - 1) : master) + path;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Server and namespace, for messages. */
    String target() {
        return target;
    }

    /** Ends all connections. */
    CompletableFuture<Void> close() {
        former.forEach(KubernetesClient::close);
        former.clear();
        CompletableFuture<KubernetesClient> present = opening;
        return present == null
                ? CompletableFuture.completedFuture(null)
                : present.handle((client, failure) -> {
                    if (client != null) {
                        client.close();
                    }
                    return null;
                });
    }
}
