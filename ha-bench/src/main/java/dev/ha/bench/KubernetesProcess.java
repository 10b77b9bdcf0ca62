package dev.ha.bench;

import dev.ha.tck.support.ChildServer;
import dev.ha.tck.support.Keytool;
import dev.ha.tck.support.ServerHome;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A kube-apiserver of those that {@code bin/test-servers} has brought, with an etcd of its own, on free ports of the loopback interface. Whoever has its token may do
 * everything: what rights cost is nobody's contest.
 */
final class KubernetesProcess extends ChildServer implements AutoCloseable {
    private static final String KEY = "server";
    private static final String TOKEN = "bench-token";

    private final ServerHome home;
    private final EtcdProcess etcd;
    private final int port;
    private final KubernetesClient client;

    private KubernetesProcess(ServerHome home, EtcdProcess etcd) throws Exception {
        super(home, "kube-apiserver");
        this.home = home;
        this.etcd = etcd;
        this.port = ServerHome.freePorts(1)[0];
        Keytool.keyPair(home.directory(), KEY, "CN=127.0.0.1", "san=ip:127.0.0.1");
        Files.writeString(file("tokens"), TOKEN + ",bench,bench\n");
        Files.writeString(kubeconfig(), """
                apiVersion: v1
                kind: Config
                clusters:
                - name: bench
                  cluster:
                    server: https://127.0.0.1:%d
                    certificate-authority: %s
                contexts:
                - name: bench
                  context:
                    cluster: bench
                    namespace: default
                    user: bench
                current-context: bench
                users:
                - name: bench
                  user:
                    token: %s
                """.formatted(port, file(KEY + ".crt"), TOKEN));
        Config config = Config.fromKubeconfig(kubeconfig().toFile());
        config.setRequestRetryBackoffLimit(0); // it is asked until it answers anyway
        this.client = new KubernetesClientBuilder().withConfig(config).build();
    }

    /** Serves when this returns. */
    static KubernetesProcess launch() throws Exception {
        EtcdProcess etcd = EtcdProcess.start();
        ServerHome home = new ServerHome("ha-bench");
        try {
            KubernetesProcess server = new KubernetesProcess(home, etcd);
            server.start();
            server.awaitServing();
            return server;
        } catch (Exception | Error failed) {
            home.close();
            etcd.close();
            throw failed;
        }
    }

    private Path file(String name) {
        return home.directory().resolve(name);
    }

    /** What clients need to know. */
    Path kubeconfig() {
        return file("kubeconfig");
    }

    @Override
    protected List<String> command() {
        return List.of(
                ServerHome.brought("kubernetes").resolve("bin/kube-apiserver").toString(),
                "--etcd-servers=" + etcd.endpoint(),
                "--bind-address=127.0.0.1",
                "--secure-port=" + port,
                "--cert-dir=" + home(),
                "--tls-cert-file=" + file(KEY + ".crt"),
                "--tls-private-key-file=" + file(KEY + ".key"),
                "--token-auth-file=" + file("tokens"),
                "--authorization-mode=AlwaysAllow",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=" + file(KEY + ".crt"),
                "--service-account-signing-key-file=" + file(KEY + ".key"),
                "--service-cluster-ip-range=10.0.0.0/24",
                "--disable-admission-plugins=ServiceAccount",
                "--endpoint-reconciler-type=none");
    }

    /** It makes the namespace default itself, soon after it has begun to answer. */
    @Override
    public boolean serves() {
        try {
            return isAlive() && client.namespaces().withName("default").get() != null;
        } catch (KubernetesClientException notYet) {
            return false;
        }
    }

    @Override
    public boolean leads() {
        return serves();
    }

    @Override
    public void close() throws IOException {
        client.close();
        home.close();
        etcd.close();
    }
}
