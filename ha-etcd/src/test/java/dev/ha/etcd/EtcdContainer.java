package dev.ha.etcd;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.Volume;
import dev.ha.tck.ServerData;
import dev.ha.tck.ServerProcess;
import dev.ha.tck.support.ServerHome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/**
 * One server in a container, through Testcontainers. Its data are in a directory of this machine and it is always reached at one port of the loopback interface, so
 * that a server which is killed and started again is another container, and the same server.
 */
final class EtcdContainer implements TestedServers, ServerProcess, ServerData {
    /** By default what {@code bin/test-image} has made; another one needs {@code etcd} and {@code etcdctl} on its path, and may be pulled. */
    static final String IMAGE = System.getProperty("ha.test.etcd.image", "ha-test-etcd:3.5");

    /** On each container, with the value of the system property {@code ha.test.docker}: by it {@code bin/verify} removes what a killed test leaves. */
    private static final String LABEL = "ha-test";

    private static final int CLIENTS = 2379;
    private static final String MOUNT = "/ha";

    private final Path directory;
    private final int port;
    private String data = "data";
    private int generation;
    private @Nullable GenericContainer<?> container;

    private EtcdContainer(Path directory, int port) {
        this.directory = directory;
        this.port = port;
    }

    /** What keeps a container from being started, if anything. */
    static Optional<String> obstacle() {
        if (!DockerClientFactory.instance().isDockerAvailable()) {
            return Optional.of("no Docker engine answers: start one");
        }
        try {
            DockerClientFactory.instance().client().inspectImageCmd(IMAGE).exec();
            return Optional.empty();
        } catch (NotFoundException absent) {
            return System.getProperty("ha.test.etcd.image") != null
                    ? Optional.empty() // it will be pulled
                    : Optional.of("there is no image " + IMAGE
                            + ": run bin/test-image, or name one of yours with -Dha.test.etcd.image");
        }
    }

    /** Started, and serving. */
    static EtcdContainer create() throws Exception {
        Optional<String> obstacle = obstacle();
        if (obstacle.isPresent()) {
            throw new IllegalStateException(obstacle.get());
        }
        EtcdContainer server = new EtcdContainer(Files.createTempDirectory("ha-etcd"), ServerHome.freePorts(1)[0]);
        try {
            server.start();
            return server;
        } catch (Exception | Error failed) {
            server.close();
            throw failed;
        }
    }

    @Override
    public List<InetSocketAddress> addresses() {
        return List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    @Override
    public List<ServerProcess> processes() {
        return List.of(this);
    }

    @Override
    public Optional<ServerData> data() {
        return Optional.of(this);
    }

    private static DockerClient docker() {
        return DockerClientFactory.instance().client();
    }

    // ---- the process ----

    @Override
    public void start() throws Exception {
        if (container != null) {
            return;
        }
        String endpoint = "http://127.0.0.1:" + port;
        // With the rights of this user, whose directory it writes to.
        String owner = Files.getAttribute(directory, "unix:uid") + ":" + Files.getAttribute(directory, "unix:gid");
        GenericContainer<?> fresh = new GenericContainer<>(IMAGE)
                .withLabel(LABEL, System.getProperty("ha.test.docker", ""))
                .withExposedPorts(CLIENTS)
                .withCreateContainerCmdModifier(create -> create.withUser(owner)
                        .withHostConfig(Objects.requireNonNullElseGet(create.getHostConfig(), HostConfig::new)
                                // Testcontainers would try its own way of it with an image from a registry first.
                                .withBinds(new Bind(directory.toString(), new Volume(MOUNT)))
                                .withPortBindings(new PortBinding(
                                        Ports.Binding.bindIpAndPort("127.0.0.1", port), ExposedPort.tcp(CLIENTS)))))
                .withCommand(
                        "etcd",
                        "--data-dir=" + MOUNT + "/" + data,
                        "--listen-client-urls=http://0.0.0.0:" + CLIENTS,
                        "--advertise-client-urls=" + endpoint,
                        "--listen-peer-urls=http://127.0.0.1:2380",
                        "--unsafe-no-fsync",
                        "--log-level=warn")
                .waitingFor(Wait.forHttp("/health").forPort(CLIENTS));
        container = fresh;
        fresh.start();
    }

    @Override
    public void kill() {
        GenericContainer<?> running = container;
        container = null;
        if (running != null) {
            running.stop(); // by SIGKILL, and it is removed
        }
    }

    /** A stopped process; Docker's own pause would keep it from being killed. */
    @Override
    public void pause() {
        signal("STOP");
    }

    @Override
    public void resume() {
        if (container != null) {
            signal("CONT");
        }
    }

    private void signal(String signal) {
        docker().killContainerCmd(started().getContainerId()).withSignal(signal).exec();
    }

    private GenericContainer<?> started() {
        return Objects.requireNonNull(container, "not started");
    }

    @Override
    public boolean serves() {
        return container != null && EtcdProbe.serves(addresses().get(0));
    }

    @Override
    public boolean leads() {
        return container != null && EtcdProbe.leads(addresses().get(0));
    }

    // ---- its data ----

    @Override
    public void save() throws Exception {
        Files.deleteIfExists(directory.resolve("backup"));
        ctl("snapshot", "save", MOUNT + "/backup");
    }

    @Override
    public void restore() throws Exception {
        String restored = "data-" + ++generation;
        ctl("snapshot", "restore", MOUNT + "/backup", "--data-dir=" + MOUNT + "/" + restored);
        setTo(restored);
    }

    @Override
    public void wipe() throws Exception {
        setTo("data-" + ++generation);
    }

    private void setTo(String other) throws Exception {
        kill();
        data = other;
        start();
    }

    private void ctl(String... arguments) throws Exception {
        String[] command =
                Stream.concat(Stream.of("etcdctl"), Stream.of(arguments)).toArray(String[]::new);
        ExecResult result = started().execInContainer(command);
        if (result.getExitCode() != 0) {
            throw new IOException(List.of(command) + " failed: " + result.getStdout() + result.getStderr());
        }
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
