package dev.ha.bench;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.net.HttpURLConnection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What no recipe can beat: one client's PUT takes its name out of a Lease; another one's watch fires, and its PUT of its own name is answered. */
final class KubernetesFloor extends Duel {
    private static final String NAME = "ha-bench-floor";
    private final KubernetesClient[] clients = new KubernetesClient[2];
    private final List<Watch> watches = new ArrayList<>();
    private volatile Lease lease;
    private volatile int waiting;

    KubernetesFloor(Path kubeconfig) {
        super("raw floor");
        for (int i = 0; i < 2; i++) {
            Config config = Config.fromKubeconfig(kubeconfig.toFile());
            config.setHttp2Disable(true); // as ha-kubernetes does
            clients[i] = new KubernetesClientBuilder().withConfig(config).build();
        }
        clients[0].leases().withName(NAME).delete();
        lease = clients[0]
                .resource(new LeaseBuilder()
                        .withNewMetadata()
                        .withName(NAME)
                        .endMetadata()
                        .withNewSpec()
                        .endSpec()
                        .build())
                .create();
    }

    /** A watch begins with the Lease as it is, so the first one finds it free. */
    @Override
    void contend(int who) {
        waiting = who;
        if (watches.size() <= who) {
            watches.add(clients[who].leases().withName(NAME).watch(new Watcher<>() {
                @Override
                public void eventReceived(Action action, Lease present) {
                    if (waiting == who && present.getSpec().getHolderIdentity() == null) {
                        put(who, present, "holder-" + who);
                    }
                }

                @Override
                public void onClose(WatcherException cause) {
                    throw new IllegalStateException("the watch has ended", cause);
                }
            }));
        }
    }

    @Override
    void letGo(int who) {
        put(who, lease, null);
    }

    private void put(int who, Lease present, @Nullable String holder) {
        KubernetesClient client = clients[who];
        Lease wanted = new LeaseBuilder(present)
                .editSpec()
                .withHolderIdentity(holder)
                .endSpec()
                .build();
        HttpRequest request = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(client.getMasterUrl() + "apis/coordination.k8s.io/v1/namespaces/"
                        + present.getMetadata().getNamespace() + "/leases/" + NAME)
                .method(
                        "PUT",
                        "application/json",
                        client.getKubernetesSerialization().asJson(wanted))
                .build();
        CompletableFuture<?> unused = client.getHttpClient()
                .sendAsync(request, String.class)
                .thenAccept(answer -> answered(who, answer, holder != null));
    }

    /** A conflict answers an event that came so late that the Lease was taken meanwhile. */
    private void answered(int who, HttpResponse<String> answer, boolean taken) {
        if (taken && answer.code() == HttpURLConnection.HTTP_OK) {
            lease = clients[who].getKubernetesSerialization().unmarshal(answer.body(), Lease.class);
            granted(who);
        }
    }

    @Override
    public void close() {
        watches.forEach(Watch::close);
        clients[0].leases().withName(NAME).delete();
        for (KubernetesClient client : clients) {
            client.close();
        }
    }
}
