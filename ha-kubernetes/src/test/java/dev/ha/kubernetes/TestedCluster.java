package dev.ha.kubernetes;

import dev.ha.tck.ServerData;
import dev.ha.tck.ServerProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the TCK is run on, and what it may do to it; nothing where it is somebody else's. */
interface TestedCluster extends AutoCloseable {
    /** Where all objects of tests are. */
    String NAMESPACE = "ha-test";

    /** System property: the kubeconfig of an administrator of a cluster of yours. The namespace {@value #NAMESPACE} is made in it, and deleted at the end. */
    String KUBECONFIG = "ha.test.kubeconfig";

    KubeApi admin();

    /** Of the API server, whose certificate is also for 127.0.0.1. */
    InetSocketAddress address();

    /** For a client with the documented Role and no right more, which reaches the server at {@code through}. */
    Path kubeconfig(InetSocketAddress through) throws IOException;

    default List<ServerProcess> processes() {
        return List.of();
    }

    default Optional<ServerData> data() {
        return Optional.empty();
    }

    @Override
    void close() throws IOException;

    /** The one that is given, else of the programs that were brought, else K3s in a container. */
    static TestedCluster find() throws Exception {
        Logger log = LoggerFactory.getLogger(TestedCluster.class);
        String given = System.getProperty(KUBECONFIG);
        if (given != null) {
            log.info("The TCK runs on the cluster of {} (-D{})", given, KUBECONFIG);
            return GivenCluster.of(Path.of(given));
        }
        if (KubeServers.areInstalled()) {
            return KubeServers.start();
        }
        Optional<String> obstacle = K3s.obstacle();
        if (obstacle.isEmpty()) {
            log.info("The TCK runs on {} in a container", K3s.IMAGE);
            return K3s.start();
        }
        throw new IllegalStateException(
                "no API server to test on. Run bin/test-servers, which builds one; or set KUBEBUILDER_ASSETS to a directory with"
                        + " kube-apiserver and etcd; or give -D" + KUBECONFIG + "=FILE; or use Docker, but "
                        + obstacle.get());
    }
}
