package dev.ha.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ha.tck.support.Keytool;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** The API server's interface as it is on the wire, for an administrator: nothing of the backend's, nothing of its client library's. */
final class KubeApi {
    /** An answer that is not a success. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;
        private final int status;

        Refused(String request, int status, String body) {
            super(request + ": " + status + " " + body);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    private static final String JSON_TYPE = "application/json";
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ObjectMapper JSON = new ObjectMapper();
    private final HttpClient client;
    private final String base;
    private final String token;

    private KubeApi(HttpClient client, String base, String token) {
        this.client = client;
        this.base = base;
        this.token = token;
    }

    /** Of the server at {@code address}, whose certificate, or that of who has signed it, is in a file. */
    static KubeApi of(InetSocketAddress address, Path certificate, String token) throws Exception {
        HttpClient client = HttpClient.newBuilder()
                .sslContext(trusting(certificate))
                .version(HttpClient.Version.HTTP_1_1) // so that a stopped server costs this request only
                .connectTimeout(Duration.ofSeconds(5))
                .build();
        return new KubeApi(client, "https://" + address.getHostString() + ":" + address.getPort(), token);
    }

    /** What a client of a server has to believe. */
    static SSLContext trusting(Path certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream file = Files.newInputStream(certificate)) {
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry(Integer.toString(store.size()), each);
            }
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    /** What the server with that key store says it is. */
    static SSLContext posing(Path files, String name) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(Keytool.store(files, name), Keytool.PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException notJson) {
            throw new UncheckedIOException(notJson);
        }
    }

    JsonNode get(String path) throws Exception {
        return json(send("GET", path, ""));
    }

    JsonNode post(String path, String body) throws Exception {
        return json(send("POST", path, body));
    }

    /** As {@code kubectl apply} does with a new object. */
    JsonNode apply(String path, String yaml) throws Exception {
        return json(send("POST", path, "application/yaml", yaml, PATIENCE));
    }

    JsonNode put(String path, JsonNode body) throws Exception {
        return json(send("PUT", path, body.toString()));
    }

    void delete(String path) throws Exception {
        send("DELETE", path, "");
    }

    /** Reads, changes and puts back, as an administrator with an editor does; again when somebody else was faster. */
    JsonNode edit(String path, Consumer<JsonNode> change) throws Exception {
        while (true) {
            JsonNode object = get(path);
            change.accept(object);
            try {
                return put(path, object);
            } catch (Refused refused) {
                if (refused.status() != 409) {
                    throw refused;
                }
            }
        }
    }

    /** Whether there is something. */
    boolean exists(String path) throws Exception {
        try {
            get(path);
            return true;
        } catch (Refused refused) {
            if (refused.status() == 404) {
                return false;
            }
            throw refused;
        }
    }

    /** What a watch hears that goes on after {@code object} was written, at once. */
    String watched(JsonNode object) throws Exception {
        String path = "/apis/coordination.k8s.io/v1/namespaces/"
                + object.path("metadata").path("namespace").asText()
                + "/leases?watch=1&timeoutSeconds=1&resourceVersion="
                + object.path("metadata").path("resourceVersion").asText();
        try {
            return send("GET", path, "");
        } catch (Refused refused) {
            return refused.toString();
        }
    }

    /** How many requests for {@code resource} the server has answered so far, by verb. */
    Map<String, Long> requests(String resource) throws Exception {
        Map<String, Long> counts = new TreeMap<>();
        Matcher found = Pattern.compile("(?m)^apiserver_request_total\\{(.*)\\} (\\S+)$")
                .matcher(send("GET", "/metrics", ""));
        while (found.find()) {
            if (found.group(1).contains("resource=\"" + resource + "\"")) {
                String verb = found.group(1).replaceAll(".*verb=\"(\\w+)\".*", "$1");
                counts.merge(verb, Math.round(Double.parseDouble(found.group(2))), Long::sum);
            }
        }
        return counts;
    }

    /** Whether the server calls itself ready. */
    boolean isReady() {
        try {
            return send("GET", "/readyz", JSON_TYPE, "", Duration.ofSeconds(2)).equals("ok");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } catch (IOException silent) {
            return false;
        }
    }

    private String send(String method, String path, String body) throws IOException, InterruptedException {
        return send(method, path, JSON_TYPE, body, PATIENCE);
    }

    private String send(String method, String path, String type, String body, Duration patience)
            throws IOException, InterruptedException {
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(base + path))
                        .timeout(patience)
                        .header("Authorization", "Bearer " + token)
                        .header("Content-Type", type)
                        .method(
                                method,
                                body.isEmpty()
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() >= 300) {
            throw new Refused(method + " " + path, answer.statusCode(), answer.body());
        }
        return answer.body();
    }
}
