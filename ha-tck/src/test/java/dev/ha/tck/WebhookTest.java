package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.ha.LeaderInformation.Leader;
import dev.ha.Reason;
import dev.ha.alert.AlertSink;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChange.Gap;
import dev.ha.alert.TryAgainException;
import dev.ha.alert.Webhook;
import dev.ha.tck.support.Keytool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One delivery by webhook to a real server. Here, as its certificates are made by the kit. */
@Timeout(60)
class WebhookTest {
    private static final String PATH = "/services/T0/B0/s3cr3t";
    private static final LeaderChange CHANGE = change("http://\"b\"\n\u00e9\ud83d\ude00");

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private @Nullable HttpServer server;

    /** What the server does with a request that it has read. */
    private interface Answer {
        void to(HttpExchange exchange) throws IOException, InterruptedException;
    }

    private static LeaderChange change(String address) {
        return new LeaderChange(
                LeaderChange.Type.SWITCHED,
                "reports",
                "leader",
                Optional.of(new Leader(new UUID(0, 1), 41, "http://a", "h", Reason.CONFIRMED)),
                Optional.of(Instant.parse("2026-01-01T00:00:01Z")),
                Optional.of(new Leader(new UUID(0, 2), 42, address, "h", Reason.CONFIRMED)),
                Instant.parse("2026-01-01T00:00:02Z"),
                Duration.ofMillis(1050),
                Gap.LEADERLESS,
                Reason.EXPIRED);
    }

    @AfterEach
    void stop() {
        end.countDown();
        if (server != null) {
            server.stop(0);
        }
        threads.shutdownNow();
    }

    private URI serve(HttpServer created, String scheme, Answer answer) {
        server = created;
        created.setExecutor(threads);
        created.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Content-Type") + " "
                    + exchange.getRequestHeaders().getFirst("X-Token") + " " + body);
            try (exchange) {
                answer.to(exchange);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        created.start();
        return URI.create(scheme + "://localhost:" + created.getAddress().getPort() + PATH);
    }

    private URI serve(Answer answer) throws IOException {
        return serve(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0), "http", answer);
    }

    private static Answer status(int status) {
        return exchange -> exchange.sendResponseHeaders(status, -1);
    }

    private static Answer status(int status, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    @Test
    void allFieldsArePostedAsJson() throws Exception {
        URI url = serve(status(200));
        Webhook.to(url).header("X-Token", "t0k3n").build().deliver(CHANGE);
        assertThat(requests)
                .containsExactly("POST " + PATH + " application/json t0k3n {\"event\":\"SWITCHED\","
                        + "\"election\":\"reports\",\"component\":\"leader\",\"at\":\"2026-01-01T00:00:02Z\","
                        + "\"oldAddress\":\"http://a\",\"oldToken\":41,"
                        + "\"oldSession\":\"00000000-0000-0000-0000-000000000001\",\"oldHistory\":\"h\","
                        + "\"oldLastSeen\":\"2026-01-01T00:00:01Z\","
                        + "\"newAddress\":\"http://\\\"b\\\"\\u000a\u00e9\\ud83d\\ude00\",\"newToken\":42,"
                        + "\"newSession\":\"00000000-0000-0000-0000-000000000002\",\"newHistory\":\"h\","
                        + "\"newFirstSeen\":\"2026-01-01T00:00:02Z\",\"leaderlessMillis\":1050,"
                        + "\"gap\":\"LEADERLESS\",\"reason\":\"EXPIRED\",\"key\":\"SWITCHED/reports/leader/h/42\","
                        + "\"text\":\"reports is led by http://\\\"b\\\" \u00e9\\ud83d\\ude00 (token 42), no longer by"
                        + " http://a (token 41), after 1.0 s without a leader; reason EXPIRED\"}");
    }

    @Test
    void aTemplateGetsEscapedValues() throws Exception {
        URI url = serve(status(204));
        String template = "{\"text\": \"$5 *${event}* ${newAddress} ${oldToken}\", \"n\": ${newToken}}";
        Webhook.to(url).template(template).build().deliver(CHANGE);
        assertThat(requests)
                .singleElement()
                .asString()
                .endsWith("{\"text\": \"$5 *SWITCHED* http://\\\"b\\\"\\u000a\u00e9\\ud83d\\ude00 41\", \"n\": 42}");
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 429})
    void whatMayPassIsTriedAgain(int status) throws Exception {
        AlertSink sink = Webhook.to(serve(status(status))).build();
        assertThatThrownBy(() -> sink.deliver(CHANGE))
                .isInstanceOfSatisfying(
                        TryAgainException.class, e -> assertThat(e.after()).isEmpty())
                .hasMessageContaining("answers with status " + status)
                .hasMessageNotContaining("s3cr3t");
        assertThat(requests).hasSize(1);
    }

    @Test
    void theServerSaysWhenToTryAgain() throws Exception {
        AlertSink sink = Webhook.to(serve(status(429, "Retry-After", "7"))).build();
        assertThatThrownBy(() -> sink.deliver(CHANGE))
                .isInstanceOfSatisfying(
                        TryAgainException.class, e -> assertThat(e.after()).contains(Duration.ofSeconds(7)));
    }

    /** The JDK's server always tells its own time. */
    @Test
    void theServerNamesADateToTryAgain() throws Exception {
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plusMinutes(10));
        AlertSink sink = Webhook.to(serve(status(503, "Retry-After", date))).build();
        assertThatThrownBy(() -> sink.deliver(CHANGE)).isInstanceOfSatisfying(TryAgainException.class, e -> assertThat(
                        e.after())
                .hasValueSatisfying(wait -> assertThat(wait).isBetween(Duration.ofMinutes(8), Duration.ofMinutes(11))));
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 410})
    void whatCanNotPassIsNot(int status) throws Exception {
        AlertSink sink = Webhook.to(serve(status(status))).build();
        assertThatThrownBy(() -> sink.deliver(CHANGE))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining("answers with status " + status)
                .hasMessageNotContaining("s3cr3t");
    }

    @Test
    void redirectsAreNotFollowed() throws Exception {
        AlertSink sink =
                Webhook.to(serve(status(307, "Location", "/elsewhere"))).build();
        assertThatThrownBy(() -> sink.deliver(CHANGE))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining("redirects are not followed");
        assertThat(requests).hasSize(1);
    }

    @Test
    void aServerThatIsDownIsTriedAgain() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        AlertSink sink =
                Webhook.to(URI.create("http://localhost:" + port + PATH)).build();
        assertThatThrownBy(() -> sink.deliver(CHANGE))
                .isInstanceOf(TryAgainException.class)
                .hasMessageContaining("http://localhost:" + port + " can't be reached")
                .hasMessageNotContaining("s3cr3t");
    }

    @Test
    void aServerThatDoesNotAnswerIsTriedAgain() throws Exception {
        AlertSink sink = Webhook.to(serve(exchange -> end.await()))
                .timeout(Duration.ofMillis(200))
                .build();
        assertThatThrownBy(() -> sink.deliver(CHANGE)).isInstanceOf(TryAgainException.class);
    }

    @Test
    void soIsOneThatNeverEndsItsAnswer() throws Exception {
        AlertSink sink = Webhook.to(serve(exchange -> {
                    exchange.sendResponseHeaders(200, 10);
                    exchange.getResponseBody().write('x');
                    exchange.getResponseBody().flush();
                    end.await();
                }))
                .timeout(Duration.ofMillis(300))
                .build();
        assertThatThrownBy(() -> sink.deliver(CHANGE))
                .isInstanceOf(TryAgainException.class)
                .hasMessageContaining("no answer from");
    }

    @Test
    void aCertificateIsTrustedOrNot(@TempDir Path directory) throws Exception {
        Keytool.keyPair(directory, "server", "CN=localhost", "san=dns:localhost,ip:127.0.0.1");
        HttpsServer https = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        https.setHttpsConfigurator(new HttpsConfigurator(context(directory, "server")));
        URI url = serve(https, "https", status(200));
        Webhook.to(url).tls(context(directory, "server")).build().deliver(CHANGE);
        assertThat(requests).hasSize(1);

        AlertSink distrusting = Webhook.to(url).build();
        assertThatThrownBy(() -> distrusting.deliver(CHANGE))
                .isInstanceOf(TryAgainException.class)
                .hasMessageContaining("https://localhost:" + url.getPort() + " can't be reached: SSLHandshake")
                .hasMessageNotContaining("s3cr3t");
        assertThat(requests).hasSize(1);
    }

    /** Shows and trusts the certificate {@code name}. */
    private static SSLContext context(Path directory, String name) throws Exception {
        KeyStore store = Keytool.store(directory, name);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, Keytool.PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry(name, store.getCertificate(name));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ftp://host/s3cr3t",
                "/s3cr3t",
                "https:///s3cr3t",
                "https://user:s3cr3t@host/",
                "https://host/x#s3cr3t"
            })
    void aUrlThatCanNotBeUsedIsRefusedAndNotShown(String url) {
        assertThatThrownBy(() -> Webhook.to(URI.create(url)).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the URL of the webhook")
                .hasMessageNotContaining("s3cr3t");
    }

    @Test
    void badInputIsNamedAndSecretsAreNotShown() {
        Webhook webhook = Webhook.to(URI.create("https://chat.example" + PATH));
        assertThat(webhook.build()).hasToString("webhook at https://chat.example");
        assertThatThrownBy(() -> webhook.template("${event} ${nobody}").build())
                .hasMessageContaining("'${nobody}'")
                .hasMessageContaining("event, election");
        assertThatThrownBy(() -> webhook.template("${event").build()).hasMessageContaining("'${event'");
        assertThatThrownBy(() -> webhook.template("{}").timeout(Duration.ZERO).build())
                .hasMessageContaining("timeout");
        webhook.timeout(Duration.ofSeconds(1));
        assertThatThrownBy(() -> Webhook.to(URI.create("https://h/"))
                        .header("X-Token", "s3cr3t\r\nHost: x")
                        .build())
                .hasMessageContaining("'X-Token'")
                .hasMessageNotContaining("s3cr3t");
        assertThatThrownBy(() -> Webhook.to(URI.create("https://h/"))
                        .header("Host", "s3cr3t")
                        .build())
                .hasMessageContaining("'Host'")
                .hasMessageNotContaining("s3cr3t");
    }
}
