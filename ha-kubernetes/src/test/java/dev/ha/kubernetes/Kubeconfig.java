package dev.ha.kubernetes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that tell clients where a server is, and who they are. */
final class Kubeconfig {
    private Kubeconfig() {}

    /** One in {@code directory}, with {@code credentials} as its user; always the same one for the same words. */
    static Path write(Path directory, String server, Path certificate, String credentials) throws IOException {
        String text = """
                apiVersion: v1
                kind: Config
                clusters:
                - name: test
                  cluster:
                    server: %s
                    certificate-authority: %s
                contexts:
                - name: test
                  context:
                    cluster: test
                    namespace: %s
                    user: test
                current-context: test
                users:
                - name: test
                  user:
                    %s
                """.formatted(server, certificate, TestedCluster.NAMESPACE, credentials);
        Path file = directory.resolve("kubeconfig-" + Integer.toHexString(text.hashCode()));
        if (Files.notExists(file)) {
            Files.writeString(file, text);
        }
        return file;
    }
}
