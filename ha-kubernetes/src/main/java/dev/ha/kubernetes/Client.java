package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Fabric8's client, as configured. */
final class Client {
    private Client() {}

    /** Reads the files that are configured, so it may block; connects to nobody. */
    static KubernetesClient open(Settings settings) {
        try {
            return build(settings);
        } catch (UnavailableException ours) {
            throw ours;
        } catch (RuntimeException failure) { // its message may quote the line of a file that has a token in it
            throw unavailable("the client can't be set up by " + source(settings.server()) + ": "
                    + failure.getClass().getSimpleName());
        }
    }

    private static String source(Settings.Server server) {
        return server.url()
                .map(url -> "what is configured for " + url + ", and its files")
                .or(() -> server.kubeconfig().map(file -> "the kubeconfig " + file))
                .orElse("the kubeconfig of this user, or the service account of the pod");
    }

    private static UnavailableException unavailable(String message) {
        return new UnavailableException(message, Reason.ACCESS_DENIED, null);
    }

    private static KubernetesClient build(Settings settings) {
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
                throw unavailable("the kubeconfig " + file + " can't be read");
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
        String token;
        try {
            token = Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw unavailable("the token file " + file + " can't be read: "
                    + unreadable.getClass().getSimpleName());
        }
        if (!Settings.isToken(token)) {
            throw unavailable("the token file " + file + " must have one token, without blanks and line breaks inside");
        }
        return token;
    }
}
