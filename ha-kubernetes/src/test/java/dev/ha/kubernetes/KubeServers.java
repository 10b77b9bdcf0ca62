package dev.ha.kubernetes;

import dev.ha.tck.ServerData;
import dev.ha.tck.ServerProcess;
import dev.ha.tck.support.ChildServer;
import dev.ha.tck.support.Keytool;
import dev.ha.tck.support.ServerHome;
import dev.ha.tck.support.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/**
 * A real API server with a real etcd behind it, as processes of their own, which can be stopped, continued and killed: those of {@code KUBEBUILDER_ASSETS} where it is
 * set, otherwise what {@code bin/test-servers} has brought. RBAC is on; the clients under test have the Role of docs/kubernetes.md and nothing more.
 */
final class KubeServers implements TestedCluster, ServerData {
    private static final String USER = "ha-user";
    private static final String USER_TOKEN = "ha-user-token";
    private static final String ADMIN_TOKEN = "admin-token";
    private static final String KEY = "server";

    private final ServerHome home = new ServerHome("ha-kubernetes");
    private final Etcd etcd;
    private final ApiServer api;
    private final KubeApi admin;
    private final Rights rights;

    private KubeServers(List<String> options) throws Exception {
        int[] ports = ServerHome.freePorts(3);
        Keytool.keyPair(home.directory(), KEY, "CN=127.0.0.1", "san=dns:localhost,ip:127.0.0.1");
        Files.writeString(
                home.directory().resolve("tokens"),
                ADMIN_TOKEN + ",admin,admin,\"system:masters\"\n" + USER_TOKEN + "," + USER + "," + USER + "\n");
        etcd = new Etcd(ports[0], ports[1]);
        api = new ApiServer(ports[2], options);
        admin = KubeApi.of(api.address(), certificate(), ADMIN_TOKEN);
        rights = new Rights(admin);
    }

    static KubeServers start() throws Exception {
        return start(List.of());
    }

    /** {@code options} of the API server, besides what it needs. */
    static KubeServers start(List<String> options) throws Exception {
        KubeServers servers = new KubeServers(options);
        try {
            servers.begin();
            return servers;
        } catch (Exception | Error failed) {
            servers.close();
            throw failed;
        }
    }

    private void begin() throws Exception {
        etcd.start();
        etcd.awaitServing();
        api.start();
        api.awaitServing();
        setUp();
    }

    /** Whether there are programs to start. */
    static boolean areInstalled() {
        return Files.isExecutable(place("kube-apiserver", "kubernetes"))
                && Files.isExecutable(place("etcd", "etcd-3.5"));
    }

    private static Path place(String name, String otherwise) {
        String assets = System.getenv("KUBEBUILDER_ASSETS");
        return assets != null && !assets.isEmpty()
                ? Path.of(assets, name)
                : ServerHome.brought(otherwise).resolve("bin").resolve(name);
    }

    private static Path binary(String name, String otherwise) {
        Path found = place(name, otherwise);
        if (!Files.isExecutable(found)) {
            throw new IllegalStateException("no " + found + ": "
                    + (System.getenv("KUBEBUILDER_ASSETS") == null
                            ? "run bin/test-servers, or set KUBEBUILDER_ASSETS to a directory with kube-apiserver and etcd"
                            : "KUBEBUILDER_ASSETS must be a directory with kube-apiserver and etcd"));
        }
        return found;
    }

    ApiServer api() {
        return api;
    }

    Etcd etcd() {
        return etcd;
    }

    @Override
    public KubeApi admin() {
        return admin;
    }

    /** What the clients of the server have to believe. */
    SSLContext trusting() throws Exception {
        return KubeApi.trusting(certificate());
    }

    /** As this server, for somebody who stands in its place. */
    SSLContext posing() throws Exception {
        return KubeApi.posing(home.directory(), KEY);
    }

    @Override
    public InetSocketAddress address() {
        return api.address();
    }

    @Override
    public List<ServerProcess> processes() {
        return List.of(api);
    }

    @Override
    public Optional<ServerData> data() {
        return Optional.of(this);
    }

    // ---- what an administrator sets up

    /** Namespace, Role and RoleBinding, as docs/kubernetes.md says. */
    private void setUp() throws Exception {
        admin.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"%s\"}}".formatted(NAMESPACE));
        rights.setUp("{\"kind\":\"User\",\"name\":\"%s\",\"apiGroup\":\"rbac.authorization.k8s.io\"}".formatted(USER));
    }

    /** The Role, for {@code subject} as well. */
    void bind(String subject, String name) throws Exception {
        rights.bind(subject, name);
    }

    /** Takes {@code verb} out of the Role. */
    void forbid(String verb) throws Exception {
        rights.forbid(verb);
        awaitAccess(verb, false);
    }

    /** The Role as documented again. */
    void allowAll() throws Exception {
        rights.allowAll();
    }

    /** The authorizer learns of a change by a watch of its own. */
    private void awaitAccess(String verb, boolean wanted) throws Exception {
        String review = """
                {"spec":{"user":"%s","resourceAttributes":{"namespace":"%s","verb":"%s","group":"coordination.k8s.io",
                 "resource":"leases"}}}""".formatted(USER, NAMESPACE, verb);
        Waiting.until(
                () -> admin.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
                                .path("status")
                                .path("allowed")
                                .asBoolean()
                        == wanted,
                () -> "the right to " + verb + " to be " + (wanted ? "granted" : "taken away"));
    }

    // ---- what clients are given

    String url() {
        return "https://127.0.0.1:" + api.address().getPort();
    }

    /** The server's, which it has signed itself. */
    Path certificate() {
        return home.directory().resolve(KEY + ".crt");
    }

    String userToken() {
        return USER_TOKEN;
    }

    String adminCredentials() {
        return "token: " + ADMIN_TOKEN;
    }

    @Override
    public Path kubeconfig(InetSocketAddress through) throws IOException {
        return kubeconfig("https://127.0.0.1:" + through.getPort(), "token: " + USER_TOKEN);
    }

    /** A kubeconfig with {@code credentials} as its user. */
    Path kubeconfig(String server, String credentials) throws IOException {
        return Kubeconfig.write(home.directory(), server, certificate(), credentials);
    }

    // ---- set back

    @Override
    public void save() throws Exception {
        Files.deleteIfExists(backup());
        etcd.ctl("snapshot", "save", backup().toString());
    }

    @Override
    public void restore() throws Exception {
        setBack(() -> etcd.ctl(
                "snapshot",
                "restore",
                backup().toString(),
                "--name=default",
                "--initial-cluster=default=" + etcd.peer(),
                "--initial-advertise-peer-urls=" + etcd.peer(),
                "--data-dir=" + etcd.data()));
    }

    /** With namespace and rights set up again, as the administrator does who has set it up before. */
    @Override
    public void wipe() throws Exception {
        setBack(() -> {});
        api.awaitServing();
        setUp();
    }

    private interface Setting {
        void run() throws Exception;
    }

    /** The API server has what it has read from etcd in memory, and must not outlive it. */
    private void setBack(Setting how) throws Exception {
        api.kill();
        etcd.kill();
        ServerHome.delete(etcd.data());
        how.run();
        etcd.start();
        etcd.awaitServing();
        api.start();
    }

    private Path backup() {
        return home.directory().resolve("backup");
    }

    @Override
    public void close() throws IOException {
        home.close();
    }

    private static String loopback(int port) {
        return "http://127.0.0.1:" + port;
    }

    /** What the API server keeps its objects in. */
    final class Etcd extends ChildServer {
        private final int port;
        private final int peerPort;

        Etcd(int port, int peerPort) throws IOException {
            super(home, "etcd");
            this.port = port;
            this.peerPort = peerPort;
        }

        private String peer() {
            return loopback(peerPort);
        }

        private Path data() {
            return home().resolve("data");
        }

        @Override
        protected List<String> command() {
            return List.of(
                    binary("etcd", "etcd-3.5").toString(),
                    "--data-dir=" + data(),
                    "--listen-client-urls=" + loopback(port),
                    "--advertise-client-urls=" + loopback(port),
                    "--listen-peer-urls=" + peer(),
                    "--initial-advertise-peer-urls=" + peer(),
                    "--initial-cluster=default=" + peer(),
                    "--log-level=warn",
                    "--unsafe-no-fsync"); // a test survives no power failure
        }

        @Override
        public boolean serves() {
            try (InputStream health =
                    URI.create(loopback(port) + "/health").toURL().openStream()) {
                return new String(health.readAllBytes(), StandardCharsets.UTF_8).contains("true");
            } catch (IOException silent) {
                return false;
            }
        }

        @Override
        public boolean leads() {
            return serves();
        }

        /** Forgets all former revisions, so that nobody can watch from one of them. */
        void compact() throws Exception {
            String status = ctl("endpoint", "status", "--write-out=json");
            ctl("compact", status.replaceAll("(?s).*\"revision\":(\\d+).*", "$1"));
        }

        /** {@code etcdctl}; its output. envtest has none. */
        private String ctl(String... arguments) throws Exception {
            List<String> command = new ArrayList<>(List.of(
                    ServerHome.brought("etcd-3.5").resolve("bin/etcdctl").toString(), "--endpoints=" + loopback(port)));
            command.addAll(List.of(arguments));
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("ETCDCTL_API", "3");
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(List.of(arguments) + " failed: " + output);
            }
            return output;
        }
    }

    /** The server that clients talk to. */
    final class ApiServer extends ChildServer {
        private final int port;
        private final List<String> options;

        ApiServer(int port, List<String> options) throws IOException {
            super(home, "kube-apiserver");
            this.port = port;
            this.options = List.copyOf(options);
        }

        InetSocketAddress address() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }

        @Override
        protected List<String> command() {
            Path key = home.directory().resolve(KEY + ".key");
            List<String> command = new ArrayList<>(List.of(
                    binary("kube-apiserver", "kubernetes").toString(),
                    "--etcd-servers=" + loopback(etcd.port),
                    "--bind-address=127.0.0.1",
                    "--secure-port=" + port,
                    "--cert-dir=" + home(),
                    "--tls-cert-file=" + certificate(),
                    "--tls-private-key-file=" + key,
                    "--token-auth-file=" + home.directory().resolve("tokens"),
                    "--authorization-mode=RBAC",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-account-key-file=" + certificate(),
                    "--service-account-signing-key-file=" + key,
                    "--service-cluster-ip-range=10.0.0.0/24",
                    "--disable-admission-plugins=ServiceAccount",
                    "--endpoint-reconciler-type=none")); // nobody looks for it in the cluster's own network
            command.addAll(options);
            return command;
        }

        @Override
        public boolean serves() {
            return isAlive() && admin.isReady();
        }

        @Override
        public boolean leads() {
            return serves();
        }
    }
}
