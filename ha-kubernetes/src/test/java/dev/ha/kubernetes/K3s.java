package dev.ha.kubernetes;

import java.util.Optional;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;

/** K3s in a container, through Testcontainers, which pulls the image where there is none. */
final class K3s {
    /** System property {@code ha.test.k3s.image}. */
    static final String IMAGE = System.getProperty("ha.test.k3s.image", "rancher/k3s:v1.31.2-k3s1");

    private K3s() {}

    /** What keeps a container from being started, if anything. */
    static Optional<String> obstacle() {
        return DockerClientFactory.instance().isDockerAvailable()
                ? Optional.empty()
                : Optional.of("no Docker engine answers: start one");
    }

    static TestedCluster start() throws Exception {
        K3sContainer container =
                new K3sContainer(DockerImageName.parse(IMAGE).asCompatibleSubstituteFor("rancher/k3s"));
        try {
            container.start();
            return GivenCluster.of(container.getKubeConfigYaml(), container::stop);
        } catch (Exception | Error failed) {
            container.stop();
            throw failed;
        }
    }
}
