package dev.ha.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Fabric8's client, as configured. */
final class Client {
    private Client() {}

    /** Reads the files that are configured, so it may block; connects to nobody. */
    static KubernetesClient open(Settings settings) {
        Config config = config(settings.server());
        int timeout = Math.toIntExact(settings.timeout().toMillis());
        config.setConnectionTimeout(timeout);
        config.setRequestTimeout(timeout);
        config.setRequestRetryBackoffLimit(0); // what is sent again is sent by us, who know what it was bound to
        config.setHttp2Disable(true); // one dead connection of HTTP/2 would take every request with it
        settings.namespace().ifPresent(config::setNamespace);
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientFactory(new JdkHttpClientFactory())
                .build();
    }

    private static Config config(Settings.Server server) {
        String context = server.context().orElse(null);
        Config config;
        if (server.url().isPresent()) {
            config = new ConfigBuilder(Config.empty())
                    .withMasterUrl(server.url().get())
                    .build();
        } else if (server.kubeconfig().isPresent()) {
            Path file = server.kubeconfig().get();
            if (!Files.isReadable(file)) {
                throw new UncheckedIOException(new IOException("the kubeconfig " + file + " can't be read"));
            }
            config = Config.fromKubeconfig(context, file.toFile());
        } else {
            config = Config.autoConfigure(context);
        }
        server.token().ifPresent(config::setOauthToken);
        server.tokenFile().ifPresent(file -> config.setOauthTokenProvider(() -> token(file)));
        server.ca().ifPresent(file -> config.setCaCertFile(file.toString()));
        server.certificate().ifPresent(file -> config.setClientCertFile(file.toString()));
        server.key().ifPresent(file -> config.setClientKeyFile(file.toString()));
        return config;
    }

    private static String token(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the token file " + file + " can't be read", unreadable);
        }
    }
}
