package dev.ha.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ha.Health;
import dev.ha.HighAvailabilityServices;
import dev.ha.metrics.HighAvailabilityMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics and health of one process over HTTP. Its ports are taken when it is made, so that a port that is not free ends
 * the command before it contends, and given back last, so that the end can be watched, too.
 */
final class StatusServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatusServer.class);
    private static final int THREADS = 4;
    private static final int BACKLOG = 32;
    private static final String METRICS = "/metrics";
    private static final String HEALTH = "/health";
    private static final String LIVE = "/health/live";
    private static final String PLAIN = "text/plain; charset=utf-8";
    private static final String JSON = "application/json";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    static {
        // A client that stops in the middle must not keep a thread for ever; the JDK has no other place to say so.
        for (String limit : new String[] {"maxReqTime", "maxRspTime"}) {
            String property = "sun.net.httpserver." + limit;
            if (System.getProperty(property) == null) {
                System.setProperty(property, "10");
            }
        }
    }

    private record Answer(int code, String type, String body) {}

    private final @Nullable HttpServer metricsServer;
    private final @Nullable HttpServer healthServer;
    private final List<HttpServer> servers = new ArrayList<>();
    private final ExecutorService threads;
    private @Nullable PrometheusMeterRegistry registry;
    private @Nullable HighAvailabilityMetrics metrics;

    /** One port where both addresses are the same, also when both ask for any. */
    StatusServer(@Nullable InetSocketAddress metricsAt, @Nullable InetSocketAddress healthAt) throws Failure {
        AtomicInteger count = new AtomicInteger();
        threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "ha-http-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        try {
            metricsServer = metricsAt == null ? null : take("--metrics-port", metricsAt);
            healthServer = healthAt == null
                    ? null
                    : healthAt.equals(metricsAt) ? metricsServer : take("--health-port", healthAt);
        } catch (Failure notFree) {
            close();
            throw notFree;
        }
    }

    private HttpServer take(String option, InetSocketAddress address) throws Failure {
        try {
            HttpServer server = HttpServer.create(address, BACKLOG);
            servers.add(server);
            return server;
        } catch (IOException refused) {
            throw new Failure(option + " " + address.getPort() + " on "
                    + address.getAddress().getHostAddress() + ": " + Failure.reason(refused)
                    + "; give a free port, or 0");
        }
    }

    /**
     * Serves what {@code services} say from now on until the end; what they do is counted from now on. With metrics, it
     * follows {@code election}: only who follows can see how long nobody leads.
     */
    void serve(HighAvailabilityServices services, String election) {
        Map<HttpServer, Map<String, Supplier<Answer>>> routes = new HashMap<>();
        if (metricsServer != null) {
            PrometheusMeterRegistry scraped = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            registry = scraped;
            metrics = new HighAvailabilityMetrics(services);
            metrics.bindTo(scraped);
            services.leaderRetrieval(election).start(leader -> {});
            routes.computeIfAbsent(metricsServer, first -> new HashMap<>())
                    .put(METRICS, () -> new Answer(200, PROMETHEUS, scraped.scrape()));
        }
        if (healthServer != null) {
            Map<String, Supplier<Answer>> paths = routes.computeIfAbsent(healthServer, first -> new HashMap<>());
            paths.put(HEALTH, () -> answer(services.health()));
            paths.put(LIVE, () -> new Answer(200, PLAIN, "the process runs\n"));
        }
        routes.forEach((server, paths) -> {
            server.createContext("/", exchange -> handle(exchange, paths));
            server.setExecutor(threads);
            server.start();
        });
    }

    private static Answer answer(Health health) {
        String body = new Json().with("status", health.status()).with("detail", health.detail()) + "\n";
        return new Answer(health.status() == Health.Status.DOWN ? 503 : 200, JSON, body);
    }

    private static void handle(HttpExchange exchange, Map<String, Supplier<Answer>> paths) throws IOException {
        try (exchange) {
            send(exchange, answer(exchange, paths));
        } catch (RuntimeException mistake) {
            LOG.error("{} could not be answered", exchange.getRequestURI(), mistake);
            throw mistake;
        }
    }

    private static Answer answer(HttpExchange exchange, Map<String, Supplier<Answer>> paths) {
        Supplier<Answer> found = paths.get(exchange.getRequestURI().getPath());
        if (found == null) {
            return new Answer(
                    404,
                    PLAIN,
                    "here are: "
                            + String.join(", ", paths.keySet().stream().sorted().toList()) + "\n");
        }
        if (!exchange.getRequestMethod().equals("GET")
                && !exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return new Answer(405, PLAIN, "only GET and HEAD\n");
        }
        return found.get();
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(answer.code, -1);
            return;
        }
        exchange.sendResponseHeaders(answer.code, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Where the metrics are; null if they were not asked for. */
    @Nullable
    String metricsUrl() {
        return url(metricsServer, METRICS);
    }

    /** Where the health is; null if it was not asked for. */
    @Nullable
    String healthUrl() {
        return url(healthServer, HEALTH);
    }

    private static @Nullable String url(@Nullable HttpServer server, String path) {
        if (server == null) {
            return null;
        }
        String host = server.getAddress().getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":"
                + server.getAddress().getPort() + path;
    }

    @Override
    public void close() {
        if (metrics != null) {
            metrics.close();
        }
        servers.forEach(server -> server.stop(0));
        threads.shutdownNow();
        if (registry != null) {
            registry.close();
        }
    }
}
