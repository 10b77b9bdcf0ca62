package dev.ha.kubernetes;

import dev.ha.tck.support.ServerHome;
import dev.ha.tck.support.Waiting;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A cluster that is there already. Two service accounts are made in it, one for the tests and one with the documented Role for the clients. */
final class GivenCluster implements TestedCluster {
    private static final String ADMIN = "ha-test-admin";
    private static final String USER = "ha-user";
    /** Longer than all tests together. */
    private static final long TOKEN_SECONDS = 7_200;

    private final ServerHome home = new ServerHome("ha-kubernetes");
    private final KubernetesClient client;
    private final Runnable end;
    private final InetSocketAddress address;
    private final Path certificate = home.directory().resolve("ca.crt");
    private @Nullable KubeApi admin;
    private String userToken = "";

    private GivenCluster(Config config, Runnable end) throws IOException {
        this.end = end;
        URI master = URI.create(config.getMasterUrl());
        this.address = new InetSocketAddress(master.getHost(), master.getPort());
        this.client = new KubernetesClientBuilder().withConfig(config).build();
        Files.write(
                certificate,
                config.getCaCertFile() == null
                        ? Base64.getDecoder().decode(config.getCaCertData())
                        : Files.readAllBytes(Path.of(config.getCaCertFile())));
    }

    private void begin() throws Exception {
        delete(); // what a run that was killed has left
        Waiting.until(
                () -> client.namespaces().withName(NAMESPACE).get() == null,
                () -> "the namespace " + NAMESPACE + " to be gone");
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        String token = token(ADMIN);
        client.rbac()
                .clusterRoleBindings()
                .resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName(ADMIN)
                        .endMetadata()
                        .addNewSubject()
                        .withKind("ServiceAccount")
                        .withName(ADMIN)
                        .withNamespace(NAMESPACE)
                        .endSubject()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "cluster-admin")
                        .build())
                .create();
        userToken = token(USER);
        KubeApi made = KubeApi.of(address, certificate, token);
        admin = made;
        new Rights(made)
                .setUp("{\"kind\":\"ServiceAccount\",\"name\":\"%s\",\"namespace\":\"%s\"}".formatted(USER, NAMESPACE));
    }

    /** Of the administrator's kubeconfig in {@code file}. */
    static GivenCluster of(Path file) throws Exception {
        return of(Files.readString(file), () -> {});
    }

    /** {@code end} is run when this is closed. */
    static GivenCluster of(String kubeconfig, Runnable end) throws Exception {
        GivenCluster cluster = new GivenCluster(Config.fromKubeconfig(kubeconfig), end);
        try {
            cluster.begin();
            return cluster;
        } catch (Exception | Error failed) {
            cluster.close();
            throw failed;
        }
    }

    private String token(String account) {
        client.serviceAccounts()
                .inNamespace(NAMESPACE)
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName(account)
                        .endMetadata()
                        .build())
                .create();
        TokenRequest request = new TokenRequestBuilder()
                .withNewSpec()
                .withExpirationSeconds(TOKEN_SECONDS)
                .endSpec()
                .build();
        return client.serviceAccounts()
                .inNamespace(NAMESPACE)
                .withName(account)
                .tokenRequest(request)
                .getStatus()
                .getToken();
    }

    private void delete() {
        client.rbac().clusterRoleBindings().withName(ADMIN).delete();
        client.namespaces().withName(NAMESPACE).delete();
    }

    @Override
    public KubeApi admin() {
        return Objects.requireNonNull(admin, "not begun");
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public Path kubeconfig(InetSocketAddress through) throws IOException {
        return Kubeconfig.write(
                home.directory(), "https://127.0.0.1:" + through.getPort(), certificate, "token: " + userToken);
    }

    @Override
    public void close() throws IOException {
        try (home;
                client) {
            delete();
        } finally {
            end.run();
        }
    }
}
