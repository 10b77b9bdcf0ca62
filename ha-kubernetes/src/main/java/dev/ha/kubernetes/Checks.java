package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Diagnosable.Check;
import dev.ha.spi.Nonce;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What this backend must meet, for {@code ha doctor}. Each check is bounded by a few request timeouts, and leaves nothing behind. */
final class Checks {
    private static final Pattern VERSION = Pattern.compile("\"gitVersion\"\\s*:\\s*\"([^\"]*)\"");

    private final Session session;

    Checks(Session session) {
        this.session = session;
    }

    List<Check> all() {
        return List.of(
                new Check(
                        "the API server answers",
                        this::answers,
                        "Check high-availability.kubernetes.kubeconfig, .context or .master-url, that its host can be resolved and reached, tls.ca, and token or token-file."),
                new Check(
                        "rights on Leases",
                        () -> rights(Kind.LEASES, List.of("get", "list", "watch", "create", "update")),
                        "Grant the Role of docs/kubernetes.md: get, list, watch, create and update on leases of coordination.k8s.io."),
                new Check(
                        "rights on ConfigMaps",
                        () -> rights(Kind.CONFIG_MAPS, List.of("get", "create", "update")),
                        "Grant the Role of docs/kubernetes.md: get, create and update on configmaps; entries are kept there."),
                new Check(
                        "resourceVersions are numbers",
                        this::versions,
                        "Fencing tokens are counted by them. Use an API server that keeps its data in etcd."));
    }

    private String answers() throws Exception {
        long before = session.loop().nanoTime();
        String version = await("asking for the version", () -> session.api().version());
        long millis = TimeUnit.NANOSECONDS.toMillis(session.loop().nanoTime() - before);
        var found = VERSION.matcher(version);
        return session.api().target() + ", " + (found.find() ? found.group(1) : "unknown version") + ", in " + millis
                + " ms";
    }

    private String versions() throws Exception {
        String version = await(
                "listing Leases", () -> session.api().probe(session.selector()).thenApply(list -> list.getMetadata()
                        .getResourceVersion()));
        return "at " + Lock.version(version);
    }

    /** Each one is used, if with what is not there, or as a dry run. */
    private String rights(Kind kind, List<String> verbs) throws Exception {
        HasMetadata absent = absent(kind);
        List<String> missing = new ArrayList<>();
        for (String verb : verbs) {
            try {
                await(verb, () -> "watch".equals(verb) ? watch() : session.api().mayDo(verb, kind, absent));
            } catch (UnavailableException failure) {
                if (failure.reason() != Reason.ACCESS_DENIED) {
                    throw failure;
                }
                missing.add(String.valueOf(failure.getMessage()));
            }
        }
        if (!missing.isEmpty()) {
            throw new UnavailableException(String.join("; ", missing), Reason.ACCESS_DENIED, null);
        }
        return String.join(", ", verbs) + " on "
                + kind.name().toLowerCase(Locale.ROOT).replace("_", "");
    }

    private CompletableFuture<@Nullable Void> watch() {
        CompletableFuture<@Nullable Void> opened = new CompletableFuture<>();
        LeaseWatch watch = session.api().watch(session.selector(), "0", new LeaseWatch.Listener() {
            @Override
            public void opened() {
                opened.complete(null);
            }

            @Override
            public void event(String type, Lease lease) {
                // Not of interest.
            }

            @Override
            public void ended(Throwable cause) {
                opened.completeExceptionally(cause);
            }
        });
        return opened.whenComplete((done, failure) -> watch.stop());
    }

    /** One that nobody has. */
    private HasMetadata absent(Kind kind) {
        ObjectMeta metadata = new ObjectMetaBuilder()
                .withName(Names.object(session.cluster(), "doctor " + Nonce.fresh()))
                .withUid(UUID.randomUUID().toString())
                .build();
        return kind == Kind.LEASES
                ? new LeaseBuilder().withMetadata(metadata).build()
                : new ConfigMapBuilder().withMetadata(metadata).build();
    }

    private <T> T await(String act, Supplier<CompletableFuture<T>> request) throws Exception {
        CompletableFuture<T> answer = session.loop().submit(request);
        try {
            return answer.get(session.settings().timeout().toMillis() * 3, TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            throw Failures.ofRead(failure.getCause() == null ? failure : failure.getCause(), act);
        } catch (TimeoutException late) {
            throw new UnavailableException(act + ": no answer", Reason.CONNECTION_LOST, late);
        }
    }
}
